import type { Conductor } from '../../core/conductor/api.ts';
import type { WorkflowDef } from '../../core/conductor/types.ts';
import { FleetError, orUndefined } from '../../core/errors.ts';
import { clip } from '../../core/text.ts';
import { walk } from '../../workflows/model/walk.ts';
import { quote } from '../shared/quote.ts';

const ABOUT_LIMIT = 300;

/** The names that a design calls: task types of workers, workflows, and tools of MCP servers. */
function calledIn(def: WorkflowDef): string[] {
  const names = [...walk(def.tasks)].flatMap(({ task }) => {
    if (task.type === 'SIMPLE') return [task.name];
    if (task.type === 'SUB_WORKFLOW') return [String(Object(task.subWorkflowParam).name)];
    if (task.type === 'CALL_MCP_TOOL') return [String(task.inputParameters?.method)];
    return [];
  });
  return [...new Set(names)];
}

/** @throws FleetError `input` that names every call which is not in the list */
export function refuseOtherCalls(def: WorkflowDef, allowed: readonly string[]): void {
  const others = calledIn(def).filter((name) => !allowed.includes(name));
  if (others.length === 0) return;
  throw new FleetError(
    'input',
    `The steps call ${others.map((name) => quote(name, 100)).join(', ')}, but tools_required allows only ${listed(allowed)}.`,
    { remedy: 'Use only these in the steps, or add the missing names to tools_required.' },
  );
}

/** What a model is told about the names that it may call. */
export async function aboutTools(allowed: readonly string[], conductor: Conductor): Promise<string> {
  const lines = await Promise.all(allowed.map((name) => aboutTool(name, conductor)));
  return [
    'Steps of the types worker, workflow and mcp_tool may call only these (descriptions are quoted):',
    ...lines,
  ].join('\n');
}

async function aboutTool(name: string, conductor: Conductor): Promise<string> {
  const [task, workflow] = await Promise.all([
    orUndefined(conductor.getTaskDef(name)),
    orUndefined(conductor.getWorkflowDef(name)),
  ]);
  if (task) return line(`worker step with task ${quote(name, 100)}`, task.description, task.inputKeys);
  if (workflow)
    return line(`workflow step with name ${quote(name, 100)}`, workflow.description, workflow.inputParameters);
  return `${quote(name, 100)}: neither a task definition nor a workflow; a tool of an MCP server, or a worker that is not registered yet`;
}

function line(what: string, description: unknown, inputs: unknown): string {
  const about =
    typeof description === 'string' && description !== '' ? `: ${quote(clip(description, ABOUT_LIMIT))}` : '';
  const names = Array.isArray(inputs) && inputs.length > 0 ? `; input: ${quote(inputs.join(', '), ABOUT_LIMIT)}` : '';
  return `${what}${about}${names}`;
}

function listed(names: readonly string[]): string {
  return names.length === 0 ? 'none' : names.map((name) => quote(name, 100)).join(', ');
}
