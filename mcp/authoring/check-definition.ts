import type { Conductor } from '../../core/conductor/api.ts';
import type { TaskDef, WorkflowDef } from '../../core/conductor/types.ts';
import { FleetError } from '../../core/errors.ts';
import { clip, count } from '../../core/text.ts';
import { applyFixes, type Finding, lintWorkflow } from '../../workflows/lint/lint.ts';
import { NEW_WORKFLOW_NAME } from '../shared/fields.ts';
import { quoteIfUnusual } from '../shared/quote.ts';
import { readKnown } from './read-known.ts';

/** Our own limits, in addition to those of the server. */

const DESCRIPTION_LIMIT = 500;
const DEFINITION_LIMIT = 100_000;
const DEPTH_LIMIT = 100;

/**
 * Finds everything that is wrong with a definition. It checks our limits and runs lint against what the server has. If both find no
 * error, the server validates the definition too. `create_workflow` registers a definition in which this function finds no error.
 * @param taskDefs task definitions that will be registered together with the definition
 * @throws FleetError `input` if the definition is too large or too deeply nested to check
 */
export async function checkDefinition(
  def: unknown,
  conductor: Conductor,
  taskDefs: readonly TaskDef[] = [],
): Promise<Finding[]> {
  refuseTooLarge(def);
  const findings = [...limitFindings(def), ...lintWorkflow(def, await readKnown(def, conductor, taskDefs))];
  return hasErrors(findings) ? findings : [...(await serverFindings(def as WorkflowDef, conductor)), ...findings];
}

/** The definition with the safe fixes applied, and the findings that they fixed. */
export function repaired<D>(def: D, findings: readonly Finding[]): { def: D; fixed: Finding[] } {
  const { def: repairedDef, fixed } = applyFixes(def, findings);
  return { def: repairedDef as D, fixed }; // a fix keeps the type of the definition
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
  throw new FleetError('input', `The definition has ${size} characters; at most ${DEFINITION_LIMIT} are allowed.`, {
    remedy: SPLIT,
  });
}

const SPLIT = 'Split it: move a part into another workflow, and call that workflow with a SUB_WORKFLOW task.';

/** Counts level by level, because recursion would fail on a very deep value. */
function depthOf(value: unknown): number {
  let level = [value];
  let depth = 0;
  while (level.length > 0 && depth <= DEPTH_LIMIT) {
    level = level.flatMap((one) => (typeof one === 'object' && one !== null ? Object.values(one) : []));
    depth += 1;
  }
  return depth;
}

function limitFindings(def: unknown): Finding[] {
  const { name, description } = Object(def) as { name?: unknown; description?: unknown };
  const findings: Finding[] = [];
  if (typeof name === 'string' && name !== '' && !NEW_WORKFLOW_NAME.test(name)) {
    findings.push(
      limitFinding('/name', `The name is ${quoteIfUnusual(clip(name, 120))}`, 'Use 1 to 100 letters, digits, _ and -.'),
    );
  }
  if (typeof description === 'string' && description.length > DESCRIPTION_LIMIT) {
    const repair = `Shorten the description to ${DESCRIPTION_LIMIT} characters.`;
    findings.push(limitFinding('/description', `The description has ${description.length} characters`, repair));
  }
  return findings;
}

function limitFinding(pointer: string, message: string, repair: string): Finding {
  return {
    rule: 'limits',
    severity: 'error',
    pointer,
    message,
    reason: 'This MCP server does not register the definition.',
    repair,
  };
}

/** Lets the server validate the definition, because it may refuse mistakes that lint has no rule for. */
async function serverFindings(def: WorkflowDef, conductor: Conductor): Promise<Finding[]> {
  try {
    await conductor.validateWorkflowDef(def);
    return [];
  } catch (error) {
    if (!(error instanceof FleetError && error.code === 'input')) throw error;
    const reason = 'The Conductor server refuses the definition.';
    const repair = 'Correct what the message names.';
    return [{ rule: 'server', severity: 'error', pointer: '', message: clip(error.message, 500), reason, repair }];
  }
}

/** `2 errors, 1 warning`. */
export function tally(findings: readonly Finding[]): string {
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  return `${count(errors, 'error')}, ${count(findings.length - errors, 'warning')}`;
}
