import type { Conductor } from '../../core/conductor/api.ts';
import type { TaskDef, WorkflowDef } from '../../core/conductor/types.ts';
import { FleetError } from '../../core/errors.ts';
import { clip, count } from '../../core/text.ts';
import { applyFixes, type Finding, lintWorkflow } from '../../workflows/lint/lint.ts';
import { word } from '../shared/quote.ts';
import { knownFor } from './read-known.ts';

/** What a definition may be here, beside what the server takes. */
const NAME = /^[A-Za-z0-9_-]{1,100}$/;
const DESCRIPTION_LIMIT = 500;
const DEFINITION_LIMIT = 100_000;
const DEPTH_LIMIT = 100;

/**
 * Everything that is wrong with a definition: our limits, lint with what the server has, and, where neither finds an error, the
 * server's own word. What has no error here is what `create_workflow` registers.
 * @param taskDefs task definitions that will be registered with it
 * @throws FleetError `input` for what is too large or too deep to look at
 */
export async function checkDefinition(
  def: unknown,
  conductor: Conductor,
  taskDefs: readonly TaskDef[] = [],
): Promise<Finding[]> {
  refuseTooLarge(def);
  const findings = [...ofLimits(def), ...lintWorkflow(def, await knownFor(def, conductor, taskDefs))];
  return hasErrors(findings) ? findings : [...(await ofServer(def as WorkflowDef, conductor)), ...findings];
}

/** The definition with the safe fixes made, and the findings whose fixes those were. */
export function repaired<D>(def: D, findings: readonly Finding[]): { def: D; fixed: Finding[] } {
  const { def: mended, fixed } = applyFixes(def, findings);
  return { def: mended as D, fixed }; // fixes never change what kind of thing it is
}

export function hasErrors(findings: readonly Finding[]): boolean {
  return findings.some(({ severity }) => severity === 'error');
}

function refuseTooLarge(def: unknown): void {
  if (depthOf(def) > DEPTH_LIMIT) {
    throw new FleetError('input', `The definition is nested more than ${DEPTH_LIMIT} levels deep.`, { remedy: SPLIT });
  }
  const size = JSON.stringify(def)?.length ?? 0;
  if (size <= DEFINITION_LIMIT) return;
  throw new FleetError('input', `The definition has ${size} characters; ${DEFINITION_LIMIT} is the most.`, {
    remedy: SPLIT,
  });
}

const SPLIT = 'Split it: move a part into a workflow of its own and call that with a SUB_WORKFLOW task.';

/** Counted level by level: what is too deep must not be gone into. */
function depthOf(value: unknown): number {
  let level = [value];
  let depth = 0;
  while (level.length > 0 && depth <= DEPTH_LIMIT) {
    level = level.flatMap((one) => (typeof one === 'object' && one !== null ? Object.values(one) : []));
    depth += 1;
  }
  return depth;
}

function ofLimits(def: unknown): Finding[] {
  const { name, description } = Object(def) as { name?: unknown; description?: unknown };
  const findings: Finding[] = [];
  if (typeof name === 'string' && name !== '' && !NAME.test(name)) {
    findings.push(limit('/name', `The name is ${word(clip(name, 120))}`, 'Use 1 to 100 letters, digits, _ and -.'));
  }
  if (typeof description === 'string' && description.length > DESCRIPTION_LIMIT) {
    const repair = `Shorten it to ${DESCRIPTION_LIMIT} characters.`;
    findings.push(limit('/description', `The description has ${description.length} characters`, repair));
  }
  return findings;
}

function limit(pointer: string, message: string, repair: string): Finding {
  return { rule: 'limits', severity: 'error', pointer, message, reason: 'This server does not register it.', repair };
}

/** What lint has no rule for, the server may still refuse. */
async function ofServer(def: WorkflowDef, conductor: Conductor): Promise<Finding[]> {
  try {
    await conductor.validateWorkflowDef(def);
    return [];
  } catch (error) {
    if (!(error instanceof FleetError && error.code === 'input')) throw error;
    const reason = 'The Conductor server refuses the definition.';
    const repair = 'Correct what it names.';
    return [{ rule: 'server', severity: 'error', pointer: '', message: clip(error.message, 500), reason, repair }];
  }
}

/** `2 errors, 1 warning`. */
export function tally(findings: readonly Finding[]): string {
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  return `${count(errors, 'error')}, ${count(findings.length - errors, 'warning')}`;
}
