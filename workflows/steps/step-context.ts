import type { TaskDef, WorkflowTask } from '../../core/conductor/types.ts';
import { isObject } from '../../core/json.ts';
import { isReadable } from '../lint/expression-paths.ts';
import type { Place, Problems } from './step-problems.ts';
import { type Names, type Produced, resolve, type Scope } from './step-references.ts';
import { type CompiledScript, expression, valueScript, withInputs } from './step-scripts.ts';

/** What a step became. */
export interface Built {
  readonly tasks: readonly WorkflowTask[];
  /** What later steps can refer to, its own and that of steps inside it. */
  readonly produced: readonly Produced[];
  /** What it came to: the output of a workflow that ends with it. */
  readonly last: readonly Produced[];
}

/** A task that somebody outside answers, as a dry run has to know it. */
export interface Answered {
  readonly ref: string;
  readonly kind: 'http' | 'mcp_tool' | 'llm' | 'approval' | 'other';
  /** What its author says it answers. */
  readonly example?: unknown;
}

/** How a script or query uses its inputs. */
export interface Usage {
  readonly code: string;
  /** Server paths by the names of inputs. */
  readonly inputs: Readonly<Record<string, unknown>>;
}

/** What all steps of one design share. */
export interface Shared {
  readonly problems: Problems;
  readonly names: Names;
  readonly taskDefs: Map<string, TaskDef>;
  readonly answered: Answered[];
  readonly usages: Usage[];
  /** Every path that was referred to. */
  readonly reads: Set<string>;
  /** Paths that are items of lists: `cities.output.loopItem` of `workflow.input.cities`. */
  readonly items: Map<string, string>;
  /** References of tasks, ours and the author's. */
  readonly taken: Set<string>;
  /** Rounds that a loop may have at most; a dry run needs few. */
  readonly roundsAtMost: number;
  sequence(steps: readonly unknown[], path: string, scope: Scope): Built;
}

const EXPRESSION = /(?<!\$)\$\{([^{}]*)\}/g;

/** One step on its way to tasks: where it stands, what it can refer to, and where its mistakes go. */
export class StepContext {
  readonly shared: Shared;
  readonly place: Place;
  readonly scope: Scope;

  constructor(shared: Shared, place: Place, scope: Scope) {
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

  /** A value with every reference in it as the server reads it. */
  value(field: string, value: unknown, scope: Scope = this.scope): unknown {
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

  text(field: string, text: string, scope: Scope = this.scope): string {
    const rest = text.replaceAll(EXPRESSION, '');
    if (/(?<!\$)\$\{/.test(rest))
      this.problem(field, 'it holds a "${" that no "}" ends, or one reference inside another.');
    return text.replaceAll(EXPRESSION, (_, reference: string) => `\${${this.path(field, reference, scope)}}`);
  }

  /** The server's path of a reference; what is wrong with it is told. */
  path(field: string, reference: string, scope: Scope = this.scope): string {
    const resolved = resolve(reference, scope, this.shared.names);
    if ('problem' in resolved) {
      this.problem(field, resolved.problem);
      return 'workflow.input.unknown';
    }
    this.shared.reads.add(resolved.path);
    return resolved.path;
  }

  /** The path, if the text is one reference and nothing else. */
  only(field: string, text: string): string | undefined {
    const [, reference] = /^\$\{([^{}]*)\}$/.exec(text.trim()) ?? [];
    return reference === undefined || !isReadable(reference.trim()) ? undefined : this.path(field, reference);
  }

  /** JavaScript that gives a value, with what it refers to as inputs beside those that are named. */
  script(field: string, code: string, input: Readonly<Record<string, unknown>>) {
    return this.#compiled(field, code, {
      input,
      scope: this.scope,
      isTaken: (name) => name in input,
      form: valueScript,
    });
  }

  /** JavaScript that is true or false. In the condition of a loop the names of tasks mean their outputs. */
  condition(field: string, code: string, scope: Scope = this.scope) {
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

  /** A reference for a task beside the step's own, `ID_SUFFIX`. */
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

/** A step that became one task and gives something. */
export function single(task: WorkflowTask, produced: Produced): Built {
  return { tasks: [task], produced: [produced], last: [produced] };
}

/** A step that became one task and gives nothing but its state. */
export function silent(task: WorkflowTask): Built {
  return { tasks: [task], produced: [{ id: task.taskReferenceName, fields: {} }], last: [] };
}

/** A step below whose output any name can be read. */
export function open(id: string, fields: Readonly<Record<string, string>> = {}): Produced {
  return { id, fields, whole: `${id}.output`, rest: `${id}.output` };
}

interface Compiling {
  input: Readonly<Record<string, unknown>>;
  scope: Scope;
  isTaken(name: string): boolean;
  form(code: string): { expression: string } | { problem: string };
}
