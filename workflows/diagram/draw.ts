import { failureOf, runtimeOf } from '../../core/conductor/execution-facts.ts';
import { roleOf } from '../../core/conductor/task-types.ts';
import type { Execution, WorkflowTask } from '../../core/conductor/types.ts';
import { isObject } from '../../core/json.ts';
import { nested, walk } from '../model/walk.ts';
import type { Case, Diagram, Head, LoopNode, Node, ParallelNode, Round, TaskNode } from './diagram.ts';
import { Rows, WHOLE, type Window } from './execution-rows.ts';
import { detailOf } from './task-details.ts';
import { clean } from './text-width.ts';

/** A definition that may be malformed. Only its name is required. */
export interface DefinitionLike {
  readonly name: string;
  readonly version?: number;
  readonly tasks?: unknown;
  readonly [key: string]: unknown;
}

/** Draws a definition, including its malformed parts. */
export function drawDefinition(def: DefinitionLike): Diagram {
  return {
    name: clean(def.name),
    version: def.version ?? 1,
    ...(isText(def.failureWorkflow) && { failureWorkflow: clean(def.failureWorkflow) }),
    nodes: new Drawing().sequence(tasksIn(def.tasks), WHOLE),
  };
}

/** Draws an execution of a definition. The duration of a running task or execution is counted until `now` (epoch milliseconds). */
export function drawExecution(def: DefinitionLike, execution: Execution, now: number): Diagram {
  const drawing = new Drawing(new Rows(execution, now));
  const nodes = drawing.sequence(tasksIn(def.tasks), WHOLE);
  const failure = failureOf(execution);
  const { workflowId, status, workflowVersion } = execution;
  return {
    ...drawDefinition({ ...def, tasks: [] }),
    version: workflowVersion,
    execution: {
      workflowId: clean(workflowId),
      status,
      ms: runtimeOf(execution, now),
      ...(failure && { reason: clean(`${failure.taskRef ? `${failure.taskRef}: ` : ''}${failure.reason}`) }),
    },
    nodes: [...nodes, ...drawing.strays()],
  };
}

/** Draws sequences of tasks. With the rows of an execution, it also draws the results of the tasks. */
class Drawing {
  readonly #rows: Rows | undefined;
  readonly #drawn = new Set<string>();

  constructor(rows?: Rows) {
    this.#rows = rows;
  }

  sequence(tasks: readonly WorkflowTask[], window: Window): Node[] {
    const nodes: Node[] = [];
    for (const [index, task] of tasks.entries()) {
      const before = tasks[index - 1];
      if (task.type === 'JOIN' && before && roleOf(before.type) === 'fork') continue; // drawn with its fork
      const next = tasks[index + 1];
      nodes.push(this.#node(task, next?.type === 'JOIN' ? next : undefined, window));
    }
    return nodes;
  }

  /** The tasks that the execution ran but that its definition does not contain. */
  strays(): Node[] {
    const strays = this.#rows?.refs().filter((ref) => !this.#drawn.has(ref)) ?? [];
    if (strays.length === 0) return [];
    return [
      { kind: 'note', text: 'not in the definition:' },
      ...strays.map((ref) => this.#leaf({ name: ref, taskReferenceName: ref, type: this.#typeOf(ref) }, WHOLE)),
    ];
  }

  #node(task: WorkflowTask, join: WorkflowTask | undefined, window: Window): Node {
    switch (roleOf(task.type)) {
      case 'choice':
        return { kind: 'choice', ...this.#head(task, window), cases: this.#cases(task, window) };
      case 'fork':
        return this.#parallel(task, join, window);
      case 'loop':
        return this.#loop(task, window);
      default:
        return this.#leaf(task, window);
    }
  }

  #leaf(task: WorkflowTask, window: Window): TaskNode {
    return { kind: 'task', ...this.#head(task, window), ends: roleOf(task.type) === 'end' };
  }

  #head(task: WorkflowTask, window: Window): Head {
    const ref = isText(task.taskReferenceName) ? task.taskReferenceName : '';
    const type = isText(task.type) ? task.type : 'SIMPLE'; // the server's default
    const rows = this.#rows?.attempts(ref, window) ?? [];
    for (const row of rows) this.#drawn.add(row.referenceTaskName);
    const run = this.#rows?.runOf(rows);
    const ranAs = type === 'DYNAMIC' ? rows.at(-1)?.taskType : undefined;
    const details = [detailOf({ ...task, type }), ranAs && `ran as ${ranAs}`].filter(isText).join(', ');
    return {
      ref: clean(ref) || '(no reference)',
      type: clean(type),
      ...(isText(task.name) && task.name !== ref && { name: clean(task.name) }),
      ...(task.optional === true && { optional: true }),
      ...(details && { detail: clean(details) }),
      ...(run && { run }),
    };
  }

  #cases(task: WorkflowTask, window: Window): Case[] {
    const sequences = nested(task).filter(({ kind }) => kind === 'case' || kind === 'default');
    const withDefault = sequences.some(({ kind }) => kind === 'default')
      ? sequences
      : [...sequences, { kind: 'default', key: '', tasks: [] }];
    const selected = this.#selected(task, window);
    const named = withDefault.find(({ kind, key }) => kind === 'case' && key === selected);
    const taken = named ?? withDefault.find(({ kind }) => kind === 'default');
    return withDefault.map((sequence) => ({
      label: sequence.kind === 'default' ? 'otherwise' : clean(sequence.key) || '(empty)',
      nodes: this.sequence(sequence.tasks, window),
      ...(selected !== undefined && { taken: sequence === taken }),
    }));
  }

  /** The value by which the SWITCH or DECISION chose a case; undefined until it has chosen. */
  #selected(task: WorkflowTask, window: Window): string | undefined {
    const output = this.#rows?.attempts(task.taskReferenceName, window).at(-1)?.outputData ?? {};
    const { selectedCase, evaluationResult, caseOutput } = output;
    const found = selectedCase ?? first(evaluationResult) ?? first(caseOutput);
    return found === undefined || found === null ? undefined : String(found);
  }

  #parallel(task: WorkflowTask, join: WorkflowTask | undefined, window: Window): ParallelNode {
    const branches = task.type === 'FORK_JOIN' ? nested(task).map(({ tasks }) => tasks) : this.#forked(task, window);
    return {
      kind: 'parallel',
      ...this.#head(task, window),
      branches: branches
        ? branches.map((tasks, index) => ({ number: index + 1, nodes: this.sequence(tasks, window) }))
        : [{ nodes: [{ kind: 'note', text: 'the number of branches is known only at run time', open: true }] }],
      ...(join && { join: this.#leaf(join, window) }),
    };
  }

  /** The branches of a dynamic fork, which the server writes into the fork's input. Undefined until the fork runs. */
  #forked(task: WorkflowTask, window: Window): WorkflowTask[][] | undefined {
    const input = this.#rows?.attempts(task.taskReferenceName, window).at(-1)?.inputData;
    if (!input || !Array.isArray(input.forkedTaskDefs)) return undefined;
    return tasksIn(input.forkedTaskDefs).map((forked) => [forked]);
  }

  #loop(task: WorkflowTask, window: Window): LoopNode {
    const body = nested(task).find(({ kind }) => kind === 'loop')?.tasks ?? [];
    return { kind: 'loop', ...this.#head(task, window), rounds: this.#rounds(task, body, window) };
  }

  #rounds(task: WorkflowTask, body: readonly WorkflowTask[], window: Window): Round[] {
    const rows = this.#rows;
    if (!rows) return [{ nodes: this.sequence(body, window) }];
    const inside = rows.within(task.taskReferenceName, window);
    const refs = [...walk(body)]
      .filter(({ within }) => within.every(({ kind }) => kind !== 'loop')) // the tasks of an inner loop have other round numbers
      .map(({ task: inner }) => inner.taskReferenceName);
    const numbers = rows.rounds(refs, inside);
    const [firstKept] = numbers;
    if (firstKept === undefined) return [{ nodes: this.sequence(body, { ...inside, toSeq: inside.fromSeq }) }];
    const rounds: Round[] = numbers.map((number) => ({
      number,
      nodes: this.sequence(body, { ...inside, suffix: `__${number}` }),
    }));
    if (firstKept === 1) return rounds;
    const text = `the server did not keep the rounds before ${firstKept} (keepLastN)`;
    return [{ nodes: [{ kind: 'note', text }] }, ...rounds];
  }

  #typeOf(ref: string): string {
    return this.#rows?.attempts(ref, WHOLE).at(-1)?.taskType ?? 'SIMPLE';
  }
}

function first(value: unknown): unknown {
  return Array.isArray(value) ? value[0] : undefined;
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

/** The tasks in a list that may be malformed. */
function tasksIn(value: unknown): WorkflowTask[] {
  return Array.isArray(value) ? value.filter((task): task is WorkflowTask => isObject(task)) : [];
}
