import { roleOf } from '../../core/conductor/task-types.ts';
import type { WorkflowTask } from '../../core/conductor/types.ts';
import { isObject } from '../../core/json.ts';
import { expressionsIn } from './expressions.ts';
import { nameInDefinition, placeOf } from './skip-and-rerun.ts';
import { nested, type Place, walk } from './walk.ts';

/** How a definition reads the answer to a task that waits for a person or a signal. */
export interface Gate {
  /** The fields of the answer that the definition reads. */
  readonly reads: readonly string[];
  /** True if the definition reads the whole answer, or if the fields that it reads cannot be determined. */
  readonly readsAll: boolean;
}

/** How many of the following tasks a text names at most. */
const MOST_NAMED = 3;
const MOST_FIELDS = 10;

/** Finds out how the tasks and the output of a definition read the answer of a task. */
export function gateOf(def: Def, ref: string): Gate {
  const name = nameInDefinition(ref);
  const paths = expressionsIn([def.tasks, def.outputParameters]).map(({ path }) => path);
  const answers = paths.filter(
    (path) =>
      path === name ||
      path === `${name}.output` ||
      path.startsWith(`${name}.output.`) ||
      path.startsWith(`${name}.output[`),
  );
  const fields = answers.map((path) => /^\.output(?:\.|\[['"])([\w-]+)/.exec(path.slice(name.length))?.[1]);
  const inScript = [...walk(def.tasks)].some(({ task }) => String(task.loopCondition ?? '').includes(`$.${name}`));
  return {
    reads: [...new Set(fields.filter((field) => field !== undefined))],
    readsAll: inScript || fields.includes(undefined),
  };
}

/** True if the answer of a waiting task is an approval: a person gives it, or the definition reads `approved` from it. */
export function isApproval(
  def: Def,
  { taskType, referenceTaskName }: { taskType: string; referenceTaskName: string },
): boolean {
  return taskType === 'HUMAN' || gateOf(def, referenceTaskName).reads.includes('approved');
}

type Def = { tasks: readonly WorkflowTask[]; outputParameters?: unknown };

/** Describes what each decision leads to, as far as the definition shows it. */
export function effectsOf(def: Def, ref: string): { onApprove: string; onReject: string } {
  const { reads, readsAll } = gateOf(def, ref);
  const onApprove = followingOf(def.tasks, ref, true);
  if (readsAll || reads.includes('approved')) return { onApprove, onReject: followingOf(def.tasks, ref, false) };
  if (reads.length === 0) return { onApprove, onReject: 'the execution fails' };
  const fields = `depends on its fields ${reads.slice(0, MOST_FIELDS).join(', ')}`;
  return { onApprove: fields, onReject: fields };
}

/** Describes what follows a task whose answer has `approved` true or false: the next tasks, or how the execution ends. */
export function followingOf(tasks: readonly WorkflowTask[], ref: string, approved: boolean): string {
  const place = placeOf(tasks, ref);
  if (!place) return 'unknown: it is not in the definition';
  const walker = new Following(tasks, nameInDefinition(ref), approved);
  walker.after(place);
  return walker.steps.join(', ');
}

/**
 * Follows a definition from one task to the next. It takes the branches that the answer decides, and stops at a branch that depends on
 * another value.
 */
class Following {
  readonly steps: string[] = [];
  readonly #tasks: readonly WorkflowTask[];
  readonly #approved: boolean;
  /** The expressions that have the decision as their value. */
  readonly #decision: Set<string>;
  #done = false;

  constructor(tasks: readonly WorkflowTask[], name: string, approved: boolean) {
    this.#tasks = tasks;
    this.#approved = approved;
    this.#decision = new Set([`\${${name}.output.approved}`]);
  }

  after({ sequence, index, within }: Place): void {
    for (const task of sequence.slice(index + 1)) {
      this.#step(task);
      if (this.#done) return;
    }
    const around = within.at(-1);
    if (around?.kind === 'loop') {
      this.#end(`the next round of ${around.task.taskReferenceName}, or the task after it`);
      return;
    }
    const outer = around && [...walk(this.#tasks)].find(({ task }) => task === around.task);
    if (outer) this.after(outer);
    else this.#end('the execution ends');
  }

  #step(task: WorkflowTask): void {
    const { type, inputParameters = {} } = task;
    if (type === 'SET_VARIABLE') this.#learn(inputParameters);
    else if (roleOf(type) === 'choice') this.#choose(task);
    else if (type !== 'JOIN') this.#name(task);
  }

  #name({ type, taskReferenceName: ref, inputParameters = {} }: WorkflowTask): void {
    const status = type === 'TERMINATE' ? ` (ends it as ${String(inputParameters.terminationStatus)})` : '';
    this.steps.push(`${ref}${status}`);
    if (status || this.steps.length >= MOST_NAMED) this.#done = true;
  }

  #learn(values: Record<string, unknown>): void {
    for (const [name, value] of Object.entries(values)) {
      const variable = `\${workflow.variables.${name}}`;
      if (typeof value === 'string' && this.#decision.has(value)) this.#decision.add(variable);
      else this.#decision.delete(variable);
    }
  }

  #choose(task: WorkflowTask): void {
    const { inputParameters = {}, expression, evaluatorType } = task;
    const value = evaluatorType === 'value-param' ? inputParameters[String(expression)] : undefined;
    if (typeof value !== 'string' || !this.#decision.has(value)) {
      this.#end(`${task.taskReferenceName} (a branch that depends on another value)`);
      return;
    }
    const cases = isObject(task.decisionCases) ? Object.keys(task.decisionCases) : [];
    const chosen = cases.includes(String(this.#approved)) ? String(this.#approved) : undefined;
    const taken = nested(task).find(({ kind, key }) =>
      chosen === undefined ? kind === 'default' : kind === 'case' && key === chosen,
    );
    for (const inner of taken?.tasks ?? []) {
      this.#step(inner);
      if (this.#done) return;
    }
  }

  #end(step: string): void {
    this.steps.push(step);
    this.#done = true;
  }
}
