import type { TaskDef, WorkflowDef } from '../../core/conductor/types.ts';
import { FleetError } from '../../core/errors.ts';
import { count } from '../../core/text.ts';
import type { Finding } from '../../workflows/lint/lint.ts';
import { type CompiledDesign, compileSteps, type Design } from '../../workflows/steps/compile-steps.ts';
import type { ToolContext } from '../engine/define-tool.ts';
import { quote } from '../shared/quote.ts';
import { checkDefinition } from './check-definition.ts';
import { type DryRunOutcome, dryRunDesign } from './dry-run-design.ts';
import { findingLines } from './findings.ts';
import { refuseOtherCalls } from './required-tools.ts';

/** Rounds of each loop in a dry run; more rounds would show nothing new. */
const DRY_ROUNDS = 2;

/** A design that passed every check and can be registered. */
export interface PreparedDesign {
  readonly def: WorkflowDef;
  readonly taskDefs: readonly TaskDef[];
  readonly inputs: readonly string[];
  readonly warnings: readonly Finding[];
  readonly dryRun: Exclude<DryRunOutcome, { kind: 'failed' }>;
}

/** The first execution of a design. */
export interface Run {
  readonly input: Readonly<Record<string, unknown>>;
  /** The only workers, workflows and MCP tools that the steps may call. Default: any. */
  readonly toolsRequired?: readonly string[] | undefined;
  /** Throws if the input lacks a value that steps read. */
  checkInputs(names: readonly string[]): void;
}

/**
 * Compiles a design, checks it like every other definition, and dry-runs it.
 * @throws FleetError `input` that says what is wrong, and in which step
 */
export async function prepareDesign(
  design: Design,
  { input, toolsRequired, checkInputs }: Run,
  context: ToolContext,
): Promise<PreparedDesign> {
  const { conductor, progress } = context;
  const compiled = compileSteps(design);
  if (toolsRequired) refuseOtherCalls(compiled.def, toolsRequired);
  checkInputs(compiled.inputs);
  progress({ progress: 1, total: 4, message: 'compiled' });
  const findings = await checkDefinition(compiled.def, conductor, compiled.taskDefs);
  const errors = findings.filter(({ severity }) => severity === 'error');
  if (errors.length > 0) throw refused(errors);
  progress({ progress: 2, total: 4, message: 'checked' });
  const dryRun = await dryRunDesign(compileSteps(design, { roundsAtMost: DRY_ROUNDS }), input, context);
  if (dryRun.kind === 'failed') throw failed(dryRun, compiled);
  progress({ progress: 3, total: 4, message: 'dry run passed' });
  const { def, taskDefs, inputs } = compiled;
  return { def, taskDefs, inputs, warnings: findings, dryRun };
}

function refused(errors: readonly Finding[]): FleetError {
  const steps = [...new Set(errors.flatMap(({ taskReferenceName }) => taskReferenceName ?? []))];
  const where =
    steps.length > 0 ? ` (${count(steps.length, 'step')}: ${steps.map((ref) => `"${ref}"`).join(', ')})` : '';
  return new FleetError('input', `Nothing was registered${where}:\n${findingLines(errors).join('\n')}`, {
    remedy: 'Correct the steps and send all of them again.',
  });
}

function failed({ ref, reason }: Extract<DryRunOutcome, { kind: 'failed' }>, { answers }: CompiledDesign): FleetError {
  const { invented, outputs } = answers;
  const made = invented.map((id) => `${id} ${JSON.stringify(outputs[id])}`).join(', ');
  const hint =
    made === ''
      ? ''
      : ` The dry run made up these answers, with the fields that steps read: ${made.slice(0, 800)}. If the real answer of a step has another form, give it as "example" of that step.`;
  return new FleetError(
    'input',
    `Nothing was registered, because step "${ref}" failed in the dry run (quoted): ${quote(reason, 400)}.${hint}`,
    { remedy: 'Correct the step or give examples. Then send all steps again.' },
  );
}
