import type { TaskDef, WorkflowTask } from '../../core/conductor/types.ts';
import { isObject } from '../../core/json.ts';
import { isReadable } from '../lint/expression-paths.ts';
import type { Problems, StepPlace } from './step-problems.ts';
import { type Names, type Produced, type ReferenceScope, resolve } from './step-references.ts';
import { type CompiledScript, expression, valueScript, withInputs } from './step-scripts.ts';

/** The result of compiling a step. */
export interface BuiltStep {
  readonly tasks: readonly WorkflowTask[];
  /** The steps to which later steps can refer: the step itself and the steps inside it. */
  readonly produced: readonly Produced[];
  /** The result of the step. If the workflow ends with the step, this is also the output of the workflow. */
  readonly last: readonly Produced[];
}

/** A task that is answered from outside. A dry run needs an answer for it. */
export interface Answered {
  readonly ref: string;
  readonly kind: 'http' | 'mcp_tool' | 'llm' | 'approval' | 'other';
  /** The answer that the author of the step expects. */
  readonly example?: unknown;
}

/** A script or query with its inputs. */
export interface Usage {
  readonly code: string;
  /** The expression of each input, by the name of the input. */
  readonly inputs: Readonly<Record<string, unknown>>;
}

/** The data that all steps of one design share. */
export interface Shared {
  readonly problems: Problems;
  readonly names: Names;
  readonly taskDefs: Map<string, TaskDef>;
  readonly answered: Answered[];
  readonly usages: Usage[];
  /** Every path that a step reads. */
  readonly reads: Set<string>;
  /** The path of each loop item, with the path of its list: `cities.output.loopItem` is an item of `workflow.input.cities`. */
  readonly items: Map<string, string>;
  /** The task references in use. */
  readonly taken: Set<string>;
  /** A limit for the rounds of every loop. A dry run needs only few rounds. */
  readonly roundsAtMost: number;
  sequence(steps: readonly unknown[], path: string, scope: ReferenceScope): BuiltStep;
}

const EXPRESSION = /(?<!\$)\$\{([^{}]*)\}/g;

/** The context in which one step is compiled: its place, the names that it can refer to, and the list for its mistakes. */
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

  /** Translates each reference in a value to the path that the server reads. */
  value(field: string, value: unknown, scope: ReferenceScope = this.scope): unknown {
    if (typeof value === 'string') return this.text(field, value, scope);
    if (Array.isArray(value)) return value.map((item, index) => this.value(`${field}[${index}]`, item, scope));
    if (!isObject(value)) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, this.value(`${field}.${key}`, item, scope)]),
    );
  }

  /** Translates each value of an object. */
  values(field: string, value: Readonly<Record<string, unknown>>): Record<string, unknown> {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, this.value(`${field}.${key}`, item)]));
  }

  text(field: string, text: string, scope: ReferenceScope = this.scope): string {
    const rest = text.replaceAll(EXPRESSION, '');
    if (/(?<!\$)\$\{/.test(rest))
      this.problem(field, 'it contains a "${" without a "}", or a reference inside another reference.');
    return text.replaceAll(EXPRESSION, (_, reference: string) => `\${${this.path(field, reference, scope)}}`);
  }

  /** The path by which the server reads a reference. A wrong reference is reported as a problem. */
  path(field: string, reference: string, scope: ReferenceScope = this.scope): string {
    const resolved = resolve(reference, scope, this.shared.names);
    if ('problem' in resolved) {
      this.problem(field, resolved.problem);
      return 'workflow.input.unknown';
    }
    this.shared.reads.add(resolved.path);
    return resolved.path;
  }

  /** The path of the reference if the text is a single reference; else undefined. */
  only(field: string, text: string): string | undefined {
    const [, reference] = /^\$\{([^{}]*)\}$/.exec(text.trim()) ?? [];
    return reference === undefined || !isReadable(reference.trim()) ? undefined : this.path(field, reference);
  }

  /** Compiles JavaScript that returns a value. References in the code become inputs, in addition to the inputs in `input`. */
  script(field: string, code: string, input: Readonly<Record<string, unknown>>) {
    return this.#compiled(field, code, {
      input,
      scope: this.scope,
      isTaken: (name) => name in input,
      form: valueScript,
    });
  }

  /**
   * Compiles JavaScript that is true or false. No input gets the name of a task, because the condition of a loop would read the output of
   * the task under this name.
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

  /** Reserves a reference such as `ID_SUFFIX` for an additional task of the step. */
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

/** A compiled step: one task, which has a result. */
export function single(task: WorkflowTask, produced: Produced): BuiltStep {
  return { tasks: [task], produced: [produced], last: [produced] };
}

/** A compiled step: one task, which has no result. */
export function silent(task: WorkflowTask): BuiltStep {
  return { tasks: [task], produced: [{ id: task.taskReferenceName, fields: {} }], last: [] };
}

/** The names of a step whose output may have any field. */
export function open(id: string, fields: Readonly<Record<string, string>> = {}): Produced {
  return { id, fields, whole: `${id}.output`, rest: `${id}.output` };
}

interface Compiling {
  input: Readonly<Record<string, unknown>>;
  scope: ReferenceScope;
  isTaken(name: string): boolean;
  form(code: string): { expression: string } | { problem: string };
}
