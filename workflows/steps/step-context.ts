import type { TaskDef, WorkflowTask } from '../../core/conductor/types.ts';
import { isObject } from '../../core/json.ts';
import { isReadable } from '../lint/expression-paths.ts';
import type { Problems, StepPlace } from './step-problems.ts';
import { type Names, type Produced, type ReferenceScope, resolve } from './step-references.ts';
import { type CompiledScript, expression, valueScript, withInputs } from './step-scripts.ts';

/** The result of compiling a step. */
export interface BuiltStep {
  readonly tasks: readonly WorkflowTask[];
  /** What later steps can refer to: the step itself and the steps inside it. */
  readonly produced: readonly Produced[];
  /** Its result, which is the output of a workflow that ends with it. */
  readonly last: readonly Produced[];
}

/** A task that is answered from outside, for a dry run. */
export interface Answered {
  readonly ref: string;
  readonly kind: 'http' | 'mcp_tool' | 'llm' | 'approval' | 'other';
  /** The answer that its author expects. */
  readonly example?: unknown;
}

/** A script or query with its inputs. */
export interface Usage {
  readonly code: string;
  /** Server paths by the names of the inputs. */
  readonly inputs: Readonly<Record<string, unknown>>;
}

/** What all steps of one design share. */
export interface Shared {
  readonly problems: Problems;
  readonly names: Names;
  readonly taskDefs: Map<string, TaskDef>;
  readonly answered: Answered[];
  readonly usages: Usage[];
  /** Every path that a step reads. */
  readonly reads: Set<string>;
  /** Paths that are items of lists: `cities.output.loopItem` of `workflow.input.cities`. */
  readonly items: Map<string, string>;
  /** The task references in use. */
  readonly taken: Set<string>;
  /** The most rounds of a loop. A dry run needs few. */
  readonly roundsAtMost: number;
  sequence(steps: readonly unknown[], path: string, scope: ReferenceScope): BuiltStep;
}

const EXPRESSION = /(?<!\$)\$\{([^{}]*)\}/g;

/** One step while it is compiled: its place, what it can refer to, and where its mistakes are collected. */
export class StepContext {
  readonly shared: Shared;
  readonly place: StepPlace;
  readonly scope: ReferenceScope;

  constructor(shared: Shared, place: StepPlace, scope: ReferenceScope) {
    this.shared = shared;
    this.place = place;
    this.scope = scope;
  }

  get id(): string {
    return this.place.id;
  }

  problem(field: string, sentence: string): void {
    this.shared.problems.add(this.place, field, sentence);
  }

  /** A value with each reference translated to the path that the server reads. */
  value(field: string, value: unknown, scope: ReferenceScope = this.scope): unknown {
    if (typeof value === 'string') return this.text(field, value, scope);
    if (Array.isArray(value)) return value.map((item, index) => this.value(`${field}[${index}]`, item, scope));
    if (!isObject(value)) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, this.value(`${field}.${key}`, item, scope)]),
    );
  }

  /** The values of an object. */
  values(field: string, value: Readonly<Record<string, unknown>>): Record<string, unknown> {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, this.value(`${field}.${key}`, item)]));
  }

  text(field: string, text: string, scope: ReferenceScope = this.scope): string {
    const rest = text.replaceAll(EXPRESSION, '');
    if (/(?<!\$)\$\{/.test(rest))
      this.problem(field, 'it contains a "${" without a "}", or a reference inside another one.');
    return text.replaceAll(EXPRESSION, (_, reference: string) => `\${${this.path(field, reference, scope)}}`);
  }

  /** The server's path of a reference. A wrong reference becomes a problem. */
  path(field: string, reference: string, scope: ReferenceScope = this.scope): string {
    const resolved = resolve(reference, scope, this.shared.names);
    if ('problem' in resolved) {
      this.problem(field, resolved.problem);
      return 'workflow.input.unknown';
    }
    this.shared.reads.add(resolved.path);
    return resolved.path;
  }

  /** The path, if the text is a single reference; else undefined. */
  only(field: string, text: string): string | undefined {
    const [, reference] = /^\$\{([^{}]*)\}$/.exec(text.trim()) ?? [];
    return reference === undefined || !isReadable(reference.trim()) ? undefined : this.path(field, reference);
  }

  /** JavaScript that returns a value. Its references become inputs, in addition to the named ones. */
  script(field: string, code: string, input: Readonly<Record<string, unknown>>) {
    return this.#compiled(field, code, {
      input,
      scope: this.scope,
      isTaken: (name) => name in input,
      form: valueScript,
    });
  }

  /**
   * JavaScript that is true or false. No input gets the name of a task, because a loop's condition would read this name as the task's
   * output.
   */
  condition(field: string, code: string, scope: ReferenceScope = this.scope) {
    const { ids } = this.shared.names;
    return this.#compiled(field, code, { input: {}, scope, isTaken: (name) => ids.has(name), form: expression });
  }

  #compiled(field: string, text: string, how: Compiling): { expression: string; inputs: Record<string, unknown> } {
    const found: CompiledScript = withInputs(text, how.isTaken);
    const formed = 'problem' in found ? found : how.form(found.code);
    if ('problem' in found || 'problem' in formed) {
      this.problem(field, 'problem' in formed ? formed.problem : '');
      return { expression: 'null', inputs: {} };
    }
    const { inputs: referred } = found;
    const own = Object.entries(referred).map(([name, value]) => [name, this.text(field, value, how.scope)]);
    const inputs = { ...how.input, ...Object.fromEntries(own) };
    this.shared.usages.push({ code: formed.expression, inputs });
    return { expression: formed.expression, inputs };
  }

  /** A reference `ID_SUFFIX` for an additional task of the step. */
  beside(suffix: string): string {
    const { taken } = this.shared;
    let ref = `${this.id}_${suffix}`;
    for (let number = 2; taken.has(ref); number++) ref = `${this.id}_${suffix}_${number}`;
    taken.add(ref);
    return ref;
  }

  /** Notes that the task of this step is answered from outside. */
  answered(kind: Answered['kind'], example?: unknown): void {
    this.shared.answered.push({ ref: this.id, kind, ...(example !== undefined && { example }) });
  }
}

/** A step that became one task and has a result. */
export function single(task: WorkflowTask, produced: Produced): BuiltStep {
  return { tasks: [task], produced: [produced], last: [produced] };
}

/** A step that became one task without a result. */
export function silent(task: WorkflowTask): BuiltStep {
  return { tasks: [task], produced: [{ id: task.taskReferenceName, fields: {} }], last: [] };
}

/** A step whose output may have any field. */
export function open(id: string, fields: Readonly<Record<string, string>> = {}): Produced {
  return { id, fields, whole: `${id}.output`, rest: `${id}.output` };
}

interface Compiling {
  input: Readonly<Record<string, unknown>>;
  scope: ReferenceScope;
  isTaken(name: string): boolean;
  form(code: string): { expression: string } | { problem: string };
}
