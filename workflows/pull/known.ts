import type { TaskContract, TaskPolicy, Workflow } from '../../core/contract.ts';

/** A definition that is there as code, and how the generated file names its module. */
export interface Shipped<T> {
  module: string;
  value: T;
}

/** What a pulled definition may build on. */
export interface Known {
  task(name: string): Shipped<TaskContract> | undefined;
  /** A policy of `workflows/dsl/policies.ts`, with the name of its export. */
  policy(name: string): { exported: string; value: TaskPolicy } | undefined;
  /** Without a version: whichever is there. */
  workflow(name: string, version?: number): Shipped<Workflow> | undefined;
  /** The task definition on the server. */
  taskDef(name: string): Readonly<Record<string, unknown>> | undefined;
}

interface Found {
  tasks: readonly Shipped<TaskContract>[];
  workflows: readonly Shipped<Workflow>[];
  /** The exports of `workflows/dsl/policies.ts`. */
  policies: Readonly<Record<string, unknown>>;
  taskDefs: readonly Readonly<{ name: string; [field: string]: unknown }>[];
}

/** What was found in the folders of content and on the server, by name. */
export function knownFrom({ tasks, workflows, policies, taskDefs }: Found): Known {
  const contracts = new Map(tasks.map((task) => [task.value.name, task]));
  const named = new Map(workflows.map((workflow) => [workflow.value.name, workflow]));
  const exported = Object.entries(policies).flatMap(([name, value]) =>
    isPolicy(value) ? [{ exported: name, value }] : [],
  );
  const defs = new Map(taskDefs.map((def) => [def.name, def]));
  return {
    task: (name) => contracts.get(name),
    policy: (name) => exported.find(({ value }) => value.name === name),
    workflow(name, version) {
      const found = named.get(name);
      return version === undefined || found?.value.version === version ? found : undefined;
    },
    taskDef: (name) => defs.get(name),
  };
}

function isPolicy(value: unknown): value is TaskPolicy {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'policy';
}
