import type { Conductor } from '../../core/conductor/api.ts';
import type { TaskCalls } from '../../core/conductor/calls/task-calls.ts';
import type { Task } from '../../core/conductor/types.ts';
import type { Checks } from './checks.ts';
import { searchInReach } from './search-in-reach.ts';

/** The guards of tasks. Queues hold tasks of all workflows, so their lengths and workers are not limited. */
export function taskGuards(api: Conductor, checks: Checks): TaskCalls {
  const shownBy = ({ workflowType, workflowInstanceId }: Task) => ({
    workflow: workflowType ?? '',
    executionId: workflowInstanceId,
  });
  const read = (tasks: readonly Task[]) => checks.inReach('tasks:read', tasks, shownBy);
  return {
    async pollTasks(type, options) {
      checks.mustBeAbleToChange();
      const polled = await api.pollTasks(type, options);
      const mine = await checks.inReach('tasks:write', polled, shownBy);
      for (const task of polled) if (!mine.includes(task)) await handBack(api, task);
      return mine;
    },
    async updateTask(result, limits) {
      await checks.mustReachTask(result.taskId, true);
      await api.updateTask(result, limits);
    },
    async extendLease(update, limits) {
      await checks.mustReachTask(update.taskId, true);
      await api.extendLease(update, limits);
    },
    async getTask(taskId, limits) {
      await checks.mustReachTask(taskId, false);
      return api.getTask(taskId, limits);
    },
    searchTasks: (request) =>
      searchInReach(checks, 'tasks:read', request, {
        search: (narrowed) => api.searchTasks(narrowed),
        targetOf: ({ workflowType, workflowId }) => ({ workflow: workflowType ?? '', executionId: workflowId }),
      }),
    findTasks: (request) =>
      searchInReach(checks, 'tasks:read', request, {
        search: (narrowed) => api.findTasks(narrowed),
        targetOf: shownBy,
      }),
    async addTaskLog(taskId, line, limits) {
      await checks.mustReachTask(taskId, true);
      await api.addTaskLog(taskId, line, limits);
    },
    queueSizes: (types) => api.queueSizes(types),
    pollData: (type) => api.pollData(type),
    allPollData: () => api.allPollData(),
    async taskLogs(taskId) {
      await checks.mustReachTask(taskId, false);
      return api.taskLogs(taskId);
    },
    openTasks: async (name, count) => read(await api.openTasks(name, count)),
    allQueues: () => api.allQueues(),
  };
}

/** Puts a task that the server handed out back into its queue, for a worker that may have it. */
async function handBack(api: Conductor, { taskId, workflowInstanceId, workerId }: Task): Promise<void> {
  const back = { workflowInstanceId, taskId, status: 'IN_PROGRESS', callbackAfterSeconds: 0 } as const;
  await api.updateTask({ ...back, ...(workerId && { workerId }) });
}
