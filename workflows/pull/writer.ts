import type { z } from 'zod';
import type { WorkflowTask } from '../../core/conductor/types.ts';
import type { TaskContract, TaskPolicy, Workflow } from '../../core/contract.ts';
import { walk } from '../model/walk.ts';
import type { Statement } from './code/code.ts';
import { Names } from './code/names.ts';
import { declaredContract } from './contracts.ts';
import { type Doubts, type Grade, noDoubts } from './doubts.ts';
import { type Assigned, assigned } from './expressions/assigned.ts';
import { reference, type Visible } from './expressions/scope.ts';
import { inferred, type Use, Uses } from './expressions/uses.ts';
import type { Refer } from './expressions/wire.ts';
import { Imports, type Modules } from './imports.ts';
import type { Known } from './known.ts';
import { SchemaReader } from './schema/from-json.ts';
import type { SchemaCode } from './schema/zod-code.ts';

/** A contract, policy or workflow and the name it has in the generated file. */
export interface Named<T> {
  name: string;
  value: T;
}

/** A reference to the task `root`, and the task that holds it. */
export interface Consumer {
  owner: string;
  root: string;
}

/** What the parts of one generated file share. */
export class Writer {
  readonly names = new Names();
  readonly imports: Imports;
  readonly schemas: SchemaReader;
  readonly known: Known;
  readonly doubts: Doubts;
  /** What this file is found to use. */
  readonly uses = new Uses();
  /** What each of the workflow's variables is set to. */
  readonly variables = new Map<string, Assigned[]>();
  /** References of tasks that no builder's method says. */
  readonly asTheyAre: string[] = [];
  /** Contracts that the file defines itself, in the order in which they are used. */
  readonly declarations: Statement[] = [];
  /** What an earlier writing of the same definition used. */
  readonly #learnt: Uses;
  readonly #consumers: readonly Consumer[];
  readonly #inputs: ReadonlyMap<string, readonly Readonly<Record<string, unknown>>[]>;
  readonly #references: ReadonlyMap<string, readonly string[]>;
  readonly #contracts = new Map<string, Named<TaskContract>>();

  constructor(
    {
      known,
      modules,
      doubts = noDoubts(),
      learnt = new Uses(),
    }: { known: Known; modules: Modules; doubts?: Doubts; learnt?: Uses },
    consumers: readonly Consumer[],
    tasks: readonly WorkflowTask[],
  ) {
    const simple = [...walk(tasks)].map(({ task }) => task).filter(({ type }) => type === 'SIMPLE');
    this.#consumers = consumers;
    this.known = known;
    this.doubts = doubts;
    this.#learnt = learnt;
    this.imports = new Imports(modules, this.names);
    this.schemas = new SchemaReader(this.imports);
    this.#inputs = grouped(simple, ({ inputParameters = {} }) => inputParameters);
    this.#references = grouped(simple, ({ taskReferenceName }) => taskReferenceName);
  }

  grade(ref: string): Grade {
    return this.doubts.grades.get(ref) ?? 'built';
  }

  /** References for code that sees `visible`. */
  refer(visible: Visible): Refer {
    const { uses, imports } = this;
    return (path: string, expected?: z.ZodType) => reference(path, { visible, uses, imports, expected });
  }

  /** What is known of a value by what is done with it. */
  inferred(...roots: string[]): SchemaCode {
    return inferred(this.usesOf(...roots), this.schemas);
  }

  /** What is known of the value at `keys` below `root`. */
  inferredBelow(root: string, keys: readonly string[]): SchemaCode {
    return inferred([this.#learnt.of(root).at(keys.map((key) => ({ kind: 'key', key })))], this.schemas);
  }

  /** Those of a branch's tasks that something outside the branch refers to. */
  usedOutside(branch: readonly string[]): string[] {
    const inside = new Set(branch);
    const wanted = this.#consumers.filter(({ owner }) => !inside.has(owner)).map(({ root }) => root);
    return branch.filter((ref) => wanted.includes(ref));
  }

  /** Notes what a workflow's variables are set to. */
  assigned(values: Readonly<Record<string, unknown>>, refer: Refer): void {
    for (const [key, value] of Object.entries(values)) {
      this.variables.set(key, [...(this.variables.get(key) ?? []), assigned(value, refer)]);
    }
  }

  usesOf(...roots: string[]): Use[] {
    return roots.map((root) => this.#learnt.of(root));
  }

  /** The contract of a task type: imported where it is there as code, else declared in the file. */
  contract(taskName: string): Named<TaskContract> {
    const known = this.#contracts.get(taskName) ?? this.#imported(taskName);
    if (known) return known;
    const name = this.names.make(`${taskName} task`, 'task');
    const outputs = (this.#references.get(taskName) ?? []).map((ref) => `${ref}.output`);
    const { code, contract } = declaredContract(taskName, {
      stored: this.known.taskDef(taskName),
      inputs: this.#inputs.get(taskName) ?? [],
      outputs: this.usesOf(...outputs),
      schemas: this.schemas,
      imports: this.imports,
    });
    this.declarations.push({ kind: 'const', name, used: () => true, value: code });
    const declared = { name, value: contract };
    this.#contracts.set(taskName, declared);
    return declared;
  }

  /** A policy that is there as code. */
  policy(taskName: string): Named<TaskPolicy> | undefined {
    const found = this.known.policy(taskName);
    return found && { name: this.imports.policy(found.exported), value: found.value };
  }

  /** A workflow that is there as code, in this version. */
  workflow(workflowName: unknown, version: unknown): Named<Workflow> | undefined {
    if (typeof workflowName !== 'string') return undefined;
    const found = this.known.workflow(workflowName, typeof version === 'number' ? version : undefined);
    return found && { name: this.imports.default(found.module, workflowName, 'workflow'), value: found.value };
  }

  #imported(taskName: string): Named<TaskContract> | undefined {
    const found = this.known.task(taskName);
    return found && { name: this.imports.default(found.module, taskName, 'task'), value: found.value };
  }
}

function grouped<T extends { name: string }, V>(list: readonly T[], of: (item: T) => V): Map<string, V[]> {
  const groups = new Map<string, V[]>();
  for (const item of list) groups.set(item.name, [...(groups.get(item.name) ?? []), of(item)]);
  return groups;
}
