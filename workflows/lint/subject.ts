import { roleOf, type TaskRole, taskType } from '../../core/conductor/task-types.ts';
import type { WorkflowTask } from '../../core/conductor/types.ts';
import { isObject } from '../../core/json.ts';
import { escaped, type Place, walk } from '../model/walk.ts';
import { type ExpressionPath, pathsIn } from './expression-paths.ts';
import type { Problem } from './rule.ts';
import { TaskOrder } from './task-order.ts';

/** A task of a definition as rules see it. Every field has its declared type, even if the JSON is malformed. */
export interface LintedTask {
  readonly task: Readonly<Record<string, unknown>>;
  /** The reference of the task; empty if it has none. */
  readonly ref: string;
  readonly name: string;
  /** `SIMPLE` if the task has no type, because the server reads it so. */
  readonly type: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly pointer: string;
  /** The task directly around this task, and the kind of the sequence that contains this task. */
  readonly parent: LintedTask | undefined;
  readonly kind: Place['within'][number]['kind'] | undefined;
  readonly key: string;
  /** The previous task in the same sequence. */
  readonly previous: LintedTask | undefined;
  readonly next: LintedTask | undefined;
  /** The sequences inside this task, except empty sequences. */
  readonly inside: readonly InnerSequence[];
}

/** Tasks that run one after another inside a task. */
export interface InnerSequence {
  readonly kind: 'case' | 'default' | 'branch' | 'loop';
  readonly key: string;
  readonly steps: readonly LintedTask[];
}

/** An expression, with the task whose input contains it. Without a task, the workflow's output contains it. */
export interface ExpressionUse extends ExpressionPath {
  readonly step: LintedTask | undefined;
}

/** Definitions that exist beside the checked definition: on a server, in a folder, or in the package. */
export interface KnownDefinitions {
  /** Task definitions by name. */
  readonly taskDefs?: ReadonlyMap<string, unknown>;
  /** Every version of each workflow definition, by name. */
  readonly workflows?: ReadonlyMap<string, readonly unknown[]>;
  /**
   * True if the lists are complete: an unlisted definition does not exist. Default false: rules then do not report missing definitions.
   */
  readonly complete?: boolean;
}

/** No other definition is known, so rules report none as missing. */
export const NOTHING_KNOWN: KnownDefinitions = {};

/** A workflow definition as rules see it. */
export interface Subject {
  readonly def: Readonly<Record<string, unknown>>;
  /** JSON pointer to the definition if another definition contains it; else empty. */
  readonly root: string;
  readonly steps: readonly LintedTask[];
  readonly byRef: ReadonlyMap<string, LintedTask>;
  readonly uses: readonly ExpressionUse[];
  readonly known: KnownDefinitions;
  readonly order: TaskOrder;
}

/** Reads a definition. Values of the wrong type count as absent; `form-rules.ts` reports them. */
export function subjectOf(def: Readonly<Record<string, unknown>>, known: KnownDefinitions, root = ''): Subject {
  const steps = stepsOf(def.tasks, root);
  const byRef = new Map<string, LintedTask>();
  for (const step of steps) if (step.ref !== '' && !byRef.has(step.ref)) byRef.set(step.ref, step);
  const uses = [
    ...steps.flatMap((step) => usesOf(step.task.inputParameters, `${step.pointer}/inputParameters`, step)),
    ...steps.flatMap((step) =>
      ['items', 'sink', 'subWorkflowParam'].flatMap((field) => {
        const value = withoutDefinition(step.task[field]);
        return value ? usesOf(value, `${step.pointer}/${field}`, step) : [];
      }),
    ),
    ...usesOf(def.outputParameters, `${root}/outputParameters`, undefined),
  ];
  return { def, root, steps, byRef, uses, known, order: new TaskOrder(byRef) };
}

/** True if the server reads task sequences of this kind inside a task of this type. */
export function holds(type: string, kind: InnerSequence['kind']): boolean {
  return taskType(type)?.holds?.includes(kind) ?? false;
}

/** Reports a problem in a task or in one of its fields. */
export function at(step: LintedTask, field: string, message: string, more: Partial<Problem> = {}): Problem {
  return { pointer: `${step.pointer}${field}`, taskReferenceName: step.ref || undefined, message, ...more };
}

/** The text in a field. A number or boolean becomes text, as on the server. */
export function textOf(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
}

/** True for a string whose value only an execution decides. */
export function isDynamic(value: unknown): boolean {
  return typeof value === 'string' && value.includes('${');
}

export function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return isObject(value) ? value : {};
}

/** True for a DO_WHILE that runs a round for each item of a list. */
export function isOverItems({ task, input }: LintedTask): boolean {
  return textOf(task.items).trim() !== '' || Boolean(input._items);
}

/** The steps of these types. */
export function ofType(subject: Subject, ...types: string[]): LintedTask[] {
  return subject.steps.filter(({ type }) => types.includes(type));
}

/** The steps whose type has this role. */
export function ofRole(subject: Subject, role: TaskRole): LintedTask[] {
  return subject.steps.filter(({ type }) => roleOf(type) === role);
}

/** The task definition that the server uses for a task; undefined if it is not known. */
export function taskDefOf(step: LintedTask, known: KnownDefinitions): Readonly<Record<string, unknown>> | undefined {
  if (isObject(step.task.taskDefinition)) return step.task.taskDefinition;
  const found = known.taskDefs?.get(step.name);
  return isObject(found) ? found : undefined;
}

/** The tasks around a step, the innermost first. */
export function* around(step: LintedTask): Generator<LintedTask> {
  for (let { parent } = step; parent; parent = parent.parent) yield parent;
}

/** A key, written as one part of a JSON pointer. */
export function part(key: string): string {
  return `/${escaped(key)}`;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type Growing = Mutable<Omit<LintedTask, 'inside'>> & { inside: Mutable<InnerSequence>[] };

function stepsOf(tasks: unknown, root: string): LintedTask[] {
  if (!Array.isArray(tasks)) return [];
  const byTask = new Map<unknown, Growing>();
  const lastOf = new Map<unknown, Growing>();
  const steps: Growing[] = [];
  // `walk` needs only objects. The code below checks their fields.
  for (const place of walk(tasks.filter(isObject) as WorkflowTask[], `${root}/tasks`)) {
    const enclosure = place.within.at(-1);
    const parent = enclosure && byTask.get(enclosure.task);
    if (enclosure && !(parent && holds(parent.type, enclosure.kind))) continue;
    const step = growingStep(place, parent);
    const previous = place.index > 0 ? lastOf.get(place.sequence) : undefined;
    if (previous) {
      step.previous = previous;
      previous.next = step;
    }
    lastOf.set(place.sequence, step);
    byTask.set(place.task, step);
    if (parent) enter(parent, step);
    steps.push(step);
  }
  return steps;
}

function growingStep({ task, pointer, within }: Place, parent: Growing | undefined): Growing {
  const enclosure = within.at(-1);
  return {
    task,
    ref: textOf(task.taskReferenceName),
    name: textOf(task.name),
    type: task.type === undefined ? 'SIMPLE' : textOf(task.type),
    input: objectOf(task.inputParameters),
    pointer,
    parent,
    kind: enclosure?.kind,
    key: enclosure?.key ?? '',
    previous: undefined,
    next: undefined,
    inside: [],
  };
}

function enter(parent: Growing, step: Growing): void {
  const sequence = parent.inside.find(({ kind, key }) => kind === step.kind && key === step.key);
  if (sequence) sequence.steps = [...sequence.steps, step];
  else if (step.kind) parent.inside.push({ kind: step.kind, key: step.key, steps: [step] });
}

/** The expressions of an inline definition belong to the workflow that it starts. */
function withoutDefinition(value: unknown): unknown {
  if (!isObject(value) || !isObject(value.workflowDefinition)) return value;
  const { workflowDefinition: _, ...rest } = value;
  return rest;
}

function usesOf(value: unknown, pointer: string, step: LintedTask | undefined): ExpressionUse[] {
  return pathsIn(value, pointer).map((path) => ({ ...path, step }));
}
