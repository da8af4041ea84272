/** The references of a task and of all tasks inside it, but for those in `known` lists. */
export function* referencesIn(task: unknown, known: Pick<WeakSet<object>, 'has'>): Generator<string> {
  if (typeof task !== 'object' || task === null) return;
  const { taskReferenceName, decisionCases, defaultCase, forkTasks, loopOver } = task as Record<string, unknown>;
  if (typeof taskReferenceName === 'string') yield taskReferenceName;
  const cases = typeof decisionCases === 'object' && decisionCases !== null ? Object.values(decisionCases) : [];
  const branches = Array.isArray(forkTasks) ? forkTasks : [];
  for (const inner of [...cases, defaultCase, ...branches, loopOver]) {
    if (!Array.isArray(inner) || known.has(inner)) continue;
    for (const one of inner) yield* referencesIn(one, known);
  }
}
