import { z } from 'zod';
import type { WorkflowTask } from '../../../core/conductor/types.ts';
import { defineTask, outputSchemaOf, type TaskOptions } from '../../../core/contract.ts';
import { toTaskDef } from '../../manage/task-def.ts';
import { expressionsIn } from '../../model/expressions.ts';
import { nested, walk } from '../../model/walk.ts';
import { quoted } from '../code/literals.ts';
import { type Name, Names } from '../code/names.ts';
import { type Code, call, literal, object, type Statement } from '../code/print.ts';
import type { Known } from '../known.ts';
import { Uses } from '../schema/uses.ts';
import { dataOf, type Schema, type Value } from '../schema/values.ts';
import { type Side, zodCode } from '../schema/zod-code.ts';

/** A stored definition in its canonical form. */
export interface Stored {
  name: string;
  version: number;
  tasks: WorkflowTask[];
  [key: string]: unknown;
}

/** Parts of the definition that earlier rounds could not reproduce with builder calls. */
export interface Doubts {
  /** References of tasks that are written with `wf.json`. */
  tasks: Set<string>;
  /** Fields of the definition, as they are stored. */
  fields: Record<string, unknown>;
  /** Fields of task definitions, as they are stored, by the name of the task definition. */
  taskDefs: Map<string, Record<string, unknown>>;
}

/** A value and the zod code for its schema. */
export interface Described extends Value {
  code: Code;
}

/** A contract or a workflow in the generated file. */
interface Callable {
  name: Name;
  output: Value;
}

const OPTIONS = [
  'retryCount',
  'retryLogic',
  'retryDelaySeconds',
  'backoffScaleFactor',
  'timeoutSeconds',
  'timeoutPolicy',
  'responseTimeoutSeconds',
  'maxRetryDelaySeconds',
  'totalTimeoutSeconds',
  'pollTimeoutSeconds',
  'concurrentExecLimit',
] as const satisfies readonly (keyof TaskOptions)[];

const DEFAULTS: Readonly<Record<string, unknown>> = toTaskDef(
  defineTask({ name: 'any', description: '', input: z.object({}), output: z.object({}) }),
);

/** What a file is generated with, beside the definition. */
export interface Given {
  known: Known;
  /** How the file names the public entry of this package. */
  entry: string;
  doubts: Doubts;
}

/** What the parts of one generated file share: its names, its imports, and the contracts that it declares. */
export class Context {
  readonly doubts: Doubts;
  readonly names = new Names();
  readonly uses: Uses;
  /** References of the tasks that are written with `wf.json`. */
  readonly plainTasks: string[] = [];
  readonly declarations: Statement[] = [];
  readonly #known: Known;
  readonly #entry: string;
  readonly #imports = new Map<string, { module: string; name: Name; isDefault: boolean }>();
  readonly #contracts = new Map<string, Callable>();
  readonly #tasks: readonly WorkflowTask[];
  /** For each task, by reference: the tasks that refer to it. The output of the workflow has the reference `''`. */
  readonly #readers = new Map<string, Set<string>>();
  /** The position of each task in the order of all tasks, and the position of the last task inside it. */
  readonly #places = new Map<string, { first: number; last: number }>();

  constructor(stored: Stored, { known, entry, doubts }: Given) {
    this.doubts = doubts;
    this.#known = known;
    this.#entry = entry;
    this.import('z').use();
    this.#tasks = [...walk(stored.tasks)].map(({ task }) => task);
    this.uses = new Uses([stored.tasks, stored.outputParameters]);
    this.#notePlaces(stored.tasks);
    for (const { decisionCases: _, defaultCase: __, forkTasks: ___, loopOver: ____, ...own } of this.#tasks) {
      this.#noteReader(own.taskReferenceName, own);
    }
    this.#noteReader('', stored.outputParameters);
  }

  #noteReader(reader: string, value: unknown): void {
    for (const { path } of expressionsIn(value)) {
      const [task = ''] = /^[^.[]*/.exec(path) ?? [];
      this.#readers.set(task, (this.#readers.get(task) ?? new Set()).add(reader));
    }
  }

  #notePlaces(tasks: readonly WorkflowTask[]): void {
    for (const task of tasks) {
      const place = { first: this.#places.size, last: this.#places.size };
      this.#places.set(task.taskReferenceName, place);
      for (const inner of nested(task)) this.#notePlaces(inner.tasks);
      place.last = this.#places.size - 1;
    }
  }

  /** True if a task outside the branch, or the output of the workflow, refers to the task `ref`. */
  isReadOutside(ref: string, branch: readonly WorkflowTask[]): boolean {
    const first = this.#places.get(branch[0]?.taskReferenceName ?? '')?.first ?? 0;
    const last = this.#places.get(branch.at(-1)?.taskReferenceName ?? '')?.last ?? 0;
    return [...(this.#readers.get(ref) ?? [])].some((reader) => {
      const place = this.#places.get(reader)?.first;
      return place === undefined || place < first || place > last;
    });
  }

  /** Imports a public name of this package. */
  import(exported: string): Name {
    return this.#imported(this.#entry, exported, () => this.names.claim(exported));
  }

  readonly at = (): string => this.import('at').use();

  zod(schema: Schema, side: Side = 'input'): Described {
    return { schema, code: zodCode(schema, side, () => this.import('fromSetting').use()) };
  }

  /** The zod code for a stored schema. It is always an object schema, because the input and the output of a contract must be objects. */
  zodObject({ properties = {}, required, additionalProperties, description }: Json, side: Side): Described {
    const others = additionalProperties === undefined ? {} : { additionalProperties };
    return this.zod({ type: 'object', properties, required, ...others, description }, side);
  }

  /** The shape of a value, derived from the parts of it that the definition reads. */
  shape(root: string, ...keys: string[]): Described {
    return this.zod(this.uses.shapeOf([root], keys));
  }

  /** The contract of a task type. It is imported if it exists as code, else declared in this file. */
  contract(taskName: string): Callable {
    const shipped = this.#known.task(taskName);
    if (shipped) return this.#callable(shipped.module, taskName, 'task', shipped.value.output);
    const contract = this.#contracts.get(taskName) ?? this.#declared(taskName);
    this.#contracts.set(taskName, contract);
    return contract;
  }

  /** A policy that exists as code. */
  policy(taskName: string): Name | undefined {
    const exported = this.#known.policy(taskName);
    return exported === undefined ? undefined : this.import(exported);
  }

  /** The workflow with this name and version, if it exists as code. */
  workflow(workflowName: unknown, version?: unknown): Callable | undefined {
    const found = this.#known.workflow(String(workflowName), typeof version === 'number' ? version : undefined);
    return found && this.#callable(found.module, found.value.name, 'workflow', found.value.output);
  }

  /** The import declarations for the names that the file uses. */
  importDeclarations(): string[] {
    const used = [...this.#imports.values()].filter(({ name }) => name.isUsed);
    const lines = [...Map.groupBy(used, ({ module }) => module)].map(([module, imports]) => {
      const names = imports.map(({ name }) => name.text).sort();
      return `import ${imports[0]?.isDefault ? names[0] : `{ ${names.join(', ')} }`} from ${quoted(module)};`;
    });
    return lines;
  }

  #callable(module: string, defines: string, otherwise: string, output: z.ZodType): Callable {
    const name = this.#imported(module, 'default', () => this.names.make(defines, otherwise));
    return { name, output: { schema: outputSchemaOf(output) } };
  }

  #imported(module: string, exported: string, make: () => Name): Name {
    const key = `${exported} ${module}`;
    const found = this.#imports.get(key) ?? { module, name: make(), isDefault: exported === 'default' };
    this.#imports.set(key, found);
    return found.name;
  }

  /** Declares the contract of a task that exists only on the server, with the options of its task definition. */
  #declared(taskName: string): Callable {
    const stored = this.#known.taskDef(taskName);
    const tasks = this.#tasks.filter(({ type, name }) => type === 'SIMPLE' && name === taskName);
    const [inputData, outputData] = [dataOf(stored?.inputSchema), dataOf(stored?.outputSchema)];
    const read = this.uses.shapeOf(tasks.map(({ taskReferenceName }) => `${taskReferenceName}.output`));
    const input = inputData ? this.zodObject(inputData, 'input') : this.zod(givenTo(tasks));
    const output = outputData ? this.zodObject(outputData, 'output') : this.zod(isRecord(read) ? read : ANY_OBJECT);
    const options = OPTIONS.filter((key) => stored?.[key] != null && stored[key] !== (DEFAULTS[key] ?? 0));
    const verbatim = this.doubts.taskDefs.get(taskName);
    const { description } = stored ?? {};
    const value = call(this.import('defineTask').use(), [
      object([
        ['name', literal(taskName)],
        ['description', literal(typeof description === 'string' ? description : '')],
        ['input', input.code],
        ['output', output.code],
        ...options.map((key) => [key, literal(stored?.[key])] as const),
        ...(stored ? [] : [['registered', 'false'] as const]),
        ...(verbatim ? [['verbatim', literal(verbatim)] as const] : []),
      ]),
    ]);
    const name = this.names.make(`${taskName} task`, 'task');
    this.declarations.push({ head: name, value });
    return { name, output };
  }
}

type Json = Readonly<Record<string, unknown>>;

const ANY_OBJECT: Schema = { type: 'object', properties: {}, additionalProperties: {} };

/** An object with every key that at least one of the tasks has in its input. A key is optional if one of the tasks does not have it. */
function givenTo(tasks: readonly WorkflowTask[]): Schema {
  const inputs = tasks.map(({ inputParameters }) => inputParameters ?? {});
  const keys = [...new Set(inputs.flatMap((input) => Object.keys(input)))];
  const required = keys.filter((key) => inputs.every((input) => Object.hasOwn(input, key)));
  return { type: 'object', properties: Object.fromEntries(keys.map((key) => [key, {}])), required };
}

function isRecord(schema: Schema): boolean {
  return schema !== true && schema.type === 'object';
}
