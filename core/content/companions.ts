import type { Workflow } from '../contract.ts';

/**
 * Returns the workflows, each after its companions, because a saga's compensation must be registered before the saga. If several have the
 * same name, only the first is returned.
 */
export function withCompanions(workflows: readonly Workflow[]): Workflow[] {
  const all = new Map<string, Workflow>();
  for (const workflow of flattened(workflows)) if (!all.has(workflow.name)) all.set(workflow.name, workflow);
  return [...all.values()];
}

/** Returns a name that two different workflows share, if there is one. */
export function nameUsedTwice(workflows: readonly Workflow[]): string | undefined {
  const known = new Map<string, Workflow>();
  for (const workflow of flattened(workflows)) {
    if (known.has(workflow.name) && known.get(workflow.name) !== workflow) return workflow.name;
    known.set(workflow.name, workflow);
  }
  return undefined;
}

function flattened(workflows: readonly Workflow[]): Workflow[] {
  return workflows.flatMap((workflow) => [...flattened(workflow.companions ?? []), workflow]);
}
