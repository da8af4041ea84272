import type { Conductor } from '../../core/conductor/api.ts';
import type { TaskDef } from '../../core/conductor/types.ts';
import { orUndefined } from '../../core/errors.ts';
import { isObject } from '../../core/json.ts';
import type { KnownDefinitions } from '../../workflows/lint/lint.ts';

/** Up to this many task definitions are read one by one. For more, one request that reads all task definitions of the server is cheaper. */
const ONE_BY_ONE = 20;

/** The names that a definition mentions, except names that an expression computes at run time. */
interface Mentioned {
  readonly tasks: ReadonlySet<string>;
  readonly workflows: ReadonlySet<string>;
}

/**
 * Reads the task definitions and workflows that a definition mentions, so that lint can report missing definitions.
 * @param ours task definitions that will be registered together with the definition
 */
export async function readKnown(
  def: unknown,
  conductor: Conductor,
  ours: readonly TaskDef[] = [],
): Promise<KnownDefinitions> {
  const { tasks, workflows } = mentionedIn(def);
  const taskDefs = new Map<string, unknown>(ours.map((one) => [one.name, one]));
  const asked = [...tasks].filter((name) => !taskDefs.has(name));
  const [stored, found] = await Promise.all([storedTaskDefs(asked, conductor), storedWorkflows(workflows, conductor)]);
  for (const one of stored) taskDefs.set(one.name, one);
  return { taskDefs, workflows: found, complete: true };
}

async function storedTaskDefs(names: readonly string[], conductor: Conductor) {
  if (names.length > ONE_BY_ONE) return conductor.listTaskDefs();
  const found = await Promise.all(names.map((name) => orUndefined(conductor.getTaskDef(name))));
  return found.filter((one) => one !== undefined);
}

async function storedWorkflows(names: ReadonlySet<string>, conductor: Conductor): Promise<Map<string, unknown[]>> {
  if (names.size === 0) return new Map();
  const versions = await conductor.listWorkflowVersions();
  const found = new Map<string, unknown[]>();
  for (const name of names) {
    const stored = Object.hasOwn(versions, name) ? versions[name] : undefined;
    if (!stored || stored.length === 0) continue;
    const highest = await orUndefined(conductor.getWorkflowDef(name));
    const others = stored.filter(({ version }) => version !== highest?.version);
    found.set(name, [...others, ...(highest ? [highest] : [])]);
  }
  return found;
}

/** Collects names at any depth. It uses its own stack, because recursion would fail on a very deep value. */
function mentionedIn(def: unknown): Mentioned {
  const tasks = new Set<string>();
  const workflows = new Set<string>();
  const waiting: unknown[] = [def];
  const note = (set: Set<string>, name: unknown) => {
    if (typeof name === 'string' && name !== '' && !name.includes('${')) set.add(name);
  };
  while (waiting.length > 0) {
    const value = waiting.pop();
    if (Array.isArray(value)) waiting.push(...value);
    if (!isObject(value)) continue;
    if ('taskReferenceName' in value) note(tasks, value.name);
    note(workflows, value.failureWorkflow);
    for (const start of [value.subWorkflowParam, value.startWorkflow]) if (isObject(start)) note(workflows, start.name);
    waiting.push(...Object.values(value));
  }
  return { tasks, workflows };
}
