import type { TaskDef, WorkflowDef } from '../../core/conductor/types.ts';
import { FleetError } from '../../core/errors.ts';
import { count } from '../../core/text.ts';
import type { Finding } from '../../workflows/lint/lint.ts';
import { type Compiled, compileSteps, type Design } from '../../workflows/steps/compile-steps.ts';
import type { ToolContext } from '../engine/define-tool.ts';
import { quote } from '../shared/quote.ts';
import { checkDefinition } from './check-definition.ts';
import { type DryRunOutcome, dryRunDesign } from './dry-run-design.ts';
import { findingLines } from './findings.ts';

/** In a dry run the first rounds of a loop say as much as all of them. */
const DRY_ROUNDS = 2;

/** A design that may be registered. */
export interface PreparedDesign {
  readonly def: WorkflowDef;
  readonly taskDefs: readonly TaskDef[];
  readonly inputs: readonly string[];
  readonly warnings: readonly Finding[];
  readonly rehearsal: Exclude<DryRunOutcome, { kind: 'failed' }>;
}

/** The run for which a design is made. */
export interface Run {
  readonly input: Readonly<Record<string, unknown>>;
  /** Refuses, by throwing, a run that lacks some of the inputs that steps read. */
  checkInputs(names: readonly string[]): void;
}

/**
 * Everything between steps and registration: compiled, checked as every definition is, and run once without effects.
 * @throws FleetError `input` with what is wrong and in which step
 */
export async function prepareDesign(
  design: Design,
  { input, checkInputs }: Run,
  context: ToolContext,
): Promise<PreparedDesign> {
  const { conductor, progress } = context;
  const compiled = compileSteps(design);
  checkInputs(compiled.inputs);
  progress({ progress: 1, total: 4, message: 'compiled' });
  const findings = await checkDefinition(compiled.def, conductor, compiled.taskDefs);
  const errors = findings.filter(({ severity }) => severity === 'error');
  if (errors.length > 0) throw refused(errors);
  progress({ progress: 2, total: 4, message: 'checked' });
  const rehearsal = await dryRunDesign(compileSteps(design, { roundsAtMost: DRY_ROUNDS }), input, context);
  if (rehearsal.kind === 'failed') throw failed(rehearsal, compiled);
  progress({ progress: 3, total: 4, message: 'dry run passed' });
  const { def, taskDefs, inputs } = compiled;
  return { def, taskDefs, inputs, warnings: findings, rehearsal };
}

function refused(errors: readonly Finding[]): FleetError {
  const steps = [...new Set(errors.flatMap(({ taskReferenceName }) => taskReferenceName ?? []))];
  const where =
    steps.length > 0 ? ` (${count(steps.length, 'step')}: ${steps.map((ref) => `"${ref}"`).join(', ')})` : '';
  return new FleetError('input', `Nothing was registered${where}:\n${findingLines(errors).join('\n')}`, {
    remedy: 'Correct the steps and send all of them again.',
  });
}

function failed({ ref, reason }: Extract<DryRunOutcome, { kind: 'failed' }>, { answers }: Compiled): FleetError {
  const { invented, outputs } = answers;
  const made = invented.map((id) => `${id} ${JSON.stringify(outputs[id])}`).join(', ');
  const hint =
    made === ''
      ? ''
      : ` It was given made-up answers, as far as steps read them: ${made.slice(0, 800)}. If a real answer has another form, show it in "example" of that step.`;
  return new FleetError(
    'input',
    `Nothing was registered: in the dry run step "${ref}" failed (quoted): ${quote(reason, 400)}.${hint}`,
    { remedy: 'Correct the step, or give examples, and send all steps again.' },
  );
}
