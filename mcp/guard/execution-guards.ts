import type { Conductor, StartRequest } from '../../core/conductor/api.ts';
import type { ExecutionCalls } from '../../core/conductor/calls/execution-calls.ts';
import type { Execution } from '../../core/conductor/types.ts';
import { type Checks, targetOf } from './checks.ts';
import { domainsIn, workflowsNamedIn } from './named-workflows.ts';
import { WRITE_STEPS } from './own-workflows.ts';
import { searchInReach } from './search-in-reach.ts';

/** The guards of workflow executions. */
export function executionGuards(api: Conductor, checks: Checks): ExecutionCalls {
  const execute = (executionId: string) => checks.mustReachExecution('workflows:execute', executionId);
  const read = (executionId: string) => checks.mustReachExecution('executions:read', executionId);
  return {
    async startWorkflow(request) {
      mustStart(request, checks);
      return api.startWorkflow(request);
    },
    async getExecution(workflowId, options) {
      const execution = await api.getExecution(workflowId, options);
      if (execution.workflowName !== WRITE_STEPS) checks.mustReach('executions:read', targetOf(execution));
      return execution;
    },
    async getStatus(workflowId) {
      await read(workflowId);
      return api.getStatus(workflowId);
    },
    async correlatedExecutions(name, correlationId) {
      const found = await api.correlatedExecutions(name, correlationId);
      return found.filter((execution) => checks.reaches('executions:read', targetOf(execution)));
    },
    searchExecutions: (request) =>
      searchInReach(checks, 'executions:read', request, {
        search: (narrowed) => api.searchExecutions(narrowed),
        targetOf: ({ workflowType, workflowId }) => ({ workflow: workflowType, executionId: workflowId }),
      }),
    async runningExecutions(name, version) {
      checks.mustReach('executions:read', { workflow: name });
      return api.runningExecutions(name, version);
    },
    async decide(workflowId) {
      await execute(workflowId);
      await api.decide(workflowId);
    },
    async terminate(workflowId, reason) {
      await execute(workflowId);
      await api.terminate(workflowId, reason);
    },
    async retry(workflowId) {
      await execute(workflowId);
      await api.retry(workflowId);
    },
    async restart(workflowId, options) {
      await execute(workflowId);
      await api.restart(workflowId, options);
    },
    async removeExecution(workflowId) {
      await checks.mustReachExecution('workflows:write', workflowId);
      await api.removeExecution(workflowId);
    },
    async waitForEnd(workflowId, options) {
      await read(workflowId);
      return api.waitForEnd(workflowId, options);
    },
    async testWorkflow(request) {
      mustStart(request, checks);
      checks.mustReachDefinition('workflows:write', request.workflowDef);
      return api.testWorkflow(request);
    },
    async pause(workflowId) {
      await execute(workflowId);
      await api.pause(workflowId);
    },
    async resume(workflowId) {
      await execute(workflowId);
      await api.resume(workflowId);
    },
    async rerun(workflowId, request) {
      await execute(workflowId);
      await mustRerun(workflowId, request.workflowInput, api, checks);
      return api.rerun(workflowId, request);
    },
    async skipTask(workflowId, taskRef) {
      await execute(workflowId);
      await api.skipTask(workflowId, taskRef);
    },
  };
}

function mustStart({ name, input, taskToDomain, workflowDef }: StartRequest, checks: Checks): void {
  checks.mustBeAbleToChange();
  if (name === WRITE_STEPS && workflowDef?.name === WRITE_STEPS) {
    checks.mustReachWorkflowsIn(workflowsNamedIn(workflowDef));
    return;
  }
  checks.mustReach('workflows:execute', { workflow: name, input, domains: domainsIn(taskToDomain) });
  if (workflowDef) checks.mustReachDefinition('workflows:execute', workflowDef);
}

/** A changed input must be in reach too. */
async function mustRerun(
  workflowId: string,
  workflowInput: Execution['input'] | undefined,
  api: Conductor,
  checks: Checks,
): Promise<void> {
  if (!workflowInput || !checks.reach.dependsOnInput('workflows:execute')) return;
  const before = targetOf(await api.getExecution(workflowId, { includeTasks: false }));
  checks.mustReach('workflows:execute', { ...before, input: workflowInput });
}
