import type { TaskContract, Workflow } from '../../core/contract.ts';
import { isObject } from '../../core/json.ts';

/** A definition that exists as code, and the path by which the generated file imports it. */
export interface Shipped<T> {
  module: string;
  value: T;
}

/** Existing code that a pulled definition may import. */
export interface Known {
  task(name: string): Shipped<TaskContract> | undefined;
  /** The name under which a policy is exported. */
  policy(name: string): string | undefined;
  /** A workflow that exists as code. Without `version`, any version is returned. */
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

/** Indexes by name what was found in the folders of content and on the server. */
export function knownFrom({ tasks, workflows, policies, taskDefs }: Found): Known {
  const byName = <T extends { name: string }>(all: readonly Shipped<T>[]) =>
    new Map(all.map((one) => [one.value.name, one]));
  const contracts = byName(tasks);
  const named = byName(workflows);
  const defs = new Map(taskDefs.map((def) => [def.name, def]));
  const exported = Object.entries(policies).flatMap(([name, value]) =>
    isObject(value) && value.kind === 'policy' ? [[value.name, name] as const] : [],
  );
  const policyExports = new Map(exported);
  return {
    task: (name) => contracts.get(name),
    policy: (name) => policyExports.get(name),
    workflow(name, version) {
      const found = named.get(name);
      return version === undefined || found?.value.version === version ? found : undefined;
    },
    taskDef: (name) => defs.get(name),
  };
}
