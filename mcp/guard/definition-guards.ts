import type { Conductor } from '../../core/conductor/api.ts';
import type { DefinitionCalls } from '../../core/conductor/calls/definition-calls.ts';
import { taskType } from '../../core/conductor/task-types.ts';
import { orUndefined } from '../../core/errors.ts';
import { OutOfReach } from '../admission/refusals.ts';
import { whyNotOfTeam } from '../admission/team-names.ts';
import type { Checks } from './checks.ts';
import { readable } from './guard-definitions.ts';
import { isOwnLock } from './own-workflows.ts';

/** The guards of workflow and task definitions. */
export function definitionGuards(api: Conductor, checks: Checks): DefinitionCalls {
  const read = <T extends { readonly name: string }>(all: readonly T[]) => [...readable(checks.reach, all)];
  const mayReadName = (name: string) => checks.reaches('workflows:read', { workflow: name });
  return {
    async getWorkflowDef(name, version) {
      if (!isOwnLock(name)) checks.mustReach('workflows:read', { workflow: name });
      return api.getWorkflowDef(name, version);
    },
    async createWorkflowDef(def) {
      checks.mustReachDefinition('workflows:write', def);
      await api.createWorkflowDef(def);
    },
    async putWorkflowDef(def) {
      checks.mustReachDefinition('workflows:write', def);
      await api.putWorkflowDef(def);
    },
    validateWorkflowDef: (def) => api.validateWorkflowDef(def),
    async deleteWorkflowDef(name, version) {
      checks.mustBeAbleToChange();
      if (!isOwnLock(name)) checks.mustReach('workflows:write', { workflow: name });
      await api.deleteWorkflowDef(name, version);
    },
    listWorkflowNames: async () => (await api.listWorkflowNames()).filter(mayReadName),
    async listWorkflowVersions() {
      const all = await api.listWorkflowVersions();
      return Object.fromEntries(Object.entries(all).filter(([name]) => mayReadName(name)));
    },
    listWorkflowDefs: async () => read(await api.listWorkflowDefs()),
    listLatestWorkflowDefs: async () => read(await api.listLatestWorkflowDefs()),
    getTaskDef: (name) => api.getTaskDef(name),
    listTaskDefs: () => api.listTaskDefs(),
    async putTaskDefs(defs) {
      for (const { name } of defs) await mustChangeTaskDef(name, api, checks);
      await api.putTaskDefs(defs);
    },
    async deleteTaskDef(name) {
      await mustChangeTaskDef(name, api, checks);
      await api.deleteTaskDef(name);
    },
  };
}

/**
 * Workflows of several teams share task definitions. So a team adds definitions with any new name, but changes only those with its prefix. A
 * definition with the name of a system task type would let a DYNAMIC task run that type.
 */
async function mustChangeTaskDef(name: string, api: Conductor, checks: Checks): Promise<void> {
  checks.mustBeAbleToChange();
  const { team } = checks.reach;
  if (team === undefined || whyNotOfTeam(name, team) === undefined) return;
  if (taskType(name) === undefined && (await orUndefined(api.getTaskDef(name))) === undefined) return;
  throw new OutOfReach({
    rule: 'team',
    why: `The task definition "${name}" exists and is not one of your team "${team}", so you may not change it.`,
  });
}
