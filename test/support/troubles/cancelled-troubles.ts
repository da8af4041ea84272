import { z } from 'zod';
import type { TaskResult } from '../../../core/conductor/types.ts';
import { type Act, childOf, endOf, forkOf, isEnded, noRetry, simple, type Trouble, task } from './scene.ts';

/** Executions that ended because a task was cancelled. */
export const cancelledTroubles = {
  childTerminated: {
    workflows: ({ named }) => ({
      flow: {
        tasks: forkOf(
          task('part', 'SUB_WORKFLOW', { permissive: true, subWorkflowParam: { name: named('inner'), version: 1 } }),
          task('rest', 'NOOP'),
        ),
      },
      inner: { tasks: [task('hold', 'WAIT')] },
    }),
    drive: async ({ conductor, workflowId }) => conductor.terminate(await childOf(conductor, workflowId), 'wrong part'),
    until: isEnded,
  },
  taskCancelled: {
    taskDefs: { charge: noRetry },
    workflows: ({ named }) => ({
      flow: { tasks: forkOf({ ...simple('charge', named('charge')), permissive: true }, task('rest', 'NOOP')) },
    }),
    drive: async ({ take, named, conductor }) => {
      await cancel(conductor, await take(named('charge')), 'order withdrawn');
    },
    until: isEnded,
  },
  joinTooEarly: {
    taskDefs: { charge: noRetry },
    workflows: ({ named }) => ({ flow: { tasks: forkOf(simple('charge', named('charge')), task('hold', 'WAIT')) } }),
    drive: async ({ take, answer, named, conductor, workflowId }) => {
      await answer(await take(named('charge')), { status: 'FAILED', reasonForIncompletion: 'ledger is locked' });
      await endOf(conductor, workflowId);
      await conductor.retry(workflowId);
      // In about one of ten retries, the server does this itself: it looks at the JOIN before it has written the new attempts.
      const { tasks } = await conductor.getExecution(workflowId);
      const join = tasks.find(({ taskType }) => taskType === 'JOIN');
      await cancel(conductor, { workflowInstanceId: workflowId, taskId: join?.taskId ?? '' }, '');
    },
    until: isEnded,
  },
} satisfies Record<string, Trouble>;

type TaskId = Pick<TaskResult, 'taskId' | 'workflowInstanceId'>;

async function cancel(conductor: Act['conductor'], { taskId, workflowInstanceId }: TaskId, reason: string) {
  const body = { taskId, workflowInstanceId, status: 'CANCELED', reasonForIncompletion: reason };
  await conductor.request({ method: 'POST', path: '/api/tasks', body, answer: z.string() });
}
