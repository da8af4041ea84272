import { z } from 'zod';
import { latestAttempts } from '../../core/conductor/execution-facts.ts';
import { roleOf } from '../../core/conductor/task-types.ts';
import { type Execution, hasEnded, type Task } from '../../core/conductor/types.ts';
import { diagnoseExecution } from '../../mcp/analysis/diagnose.ts';
import { findExecution } from '../../mcp/shared/find-execution.ts';
import { defineTopic, type TopicContext } from '../server/define-topic.ts';
import { pictureOf } from '../server/reading/picture.ts';
import type { Attempt, DiagnosisShown, ExecutionDetail } from '../shared/execution-detail.ts';

const OPEN_EVERY_MS = 1000;
/** An ended execution changes only by a retry or a rerun. */
const ENDED_EVERY_MS = 3000;
/** The diagnosis of an execution that has not changed: the queue or the worker of its task can change without it. */
const DIAGNOSED_FOR_MS = 10_000;
/** The roles of tasks that do nothing themselves. */
const WAITS: readonly string[] = ['wait', 'join', 'fork', 'loop', 'workflow', 'choice'];

export default defineTopic<{ id: string }>({
  name: 'execution',
  permission: 'executions:read',
  sameAs: ['get_execution_status', 'diagnose_execution'],
  params: z.object({ id: z.string().min(1).max(100) }),
  everyMs: (value) => (value?.isOver === true ? ENDED_EVERY_MS : OPEN_EVERY_MS),
}).reader(async ({ id }, context): Promise<ExecutionDetail & Record<string, unknown>> => {
  const execution = await findExecution(context.conductor, id);
  const { status, workflowName, workflowVersion, correlationId, parentWorkflowId, startTime, endTime, tasks } =
    execution;
  const isOver = hasEnded(status);
  const latest = latestAttempts(tasks);
  const mark = [status, execution.updateTime, ...tasks.map(({ taskId, status: one }) => `${taskId} ${one}`)].join();
  return {
    ...{ id, workflow: workflowName, version: workflowVersion, status, isOver, start: startTime },
    end: isOver ? endTime : 0,
    ...(correlationId && { correlation: correlationId }),
    ...(parentWorkflowId && { parent: parentWorkflowId }),
    done: latest.filter((task) => task.status === 'COMPLETED').length,
    total: latest.length,
    tasks: [...tasks].sort((a, b) => a.seq - b.seq).map(attemptOf),
    diagnosis: await context.keep(`diagnosis ${id} ${mark}`, DIAGNOSED_FOR_MS, () => diagnosisOf(execution, context)),
    picture: pictureOf(execution, isOver ? endTime : context.now),
    mark,
  };
});

async function diagnosisOf({ workflowId }: Execution, { conductor }: TopicContext): Promise<DiagnosisShown> {
  const found = await diagnoseExecution(conductor, workflowId);
  const { cause, sentence, evidence, advice, path, task, execution } = found;
  const ref = execution.workflowId === workflowId ? task?.referenceTaskName : undefined;
  return { cause, sentence, evidence, advice, path, ...(ref !== undefined && { ref }) };
}

function attemptOf(task: Task): Attempt {
  const { taskId, referenceTaskName, taskType, status, retryCount, workerId, subWorkflowId } = task;
  const reason = status === 'COMPLETED' ? undefined : (task.reasonForIncompletion ?? undefined);
  const delaySeconds = typeof task.startDelayInSeconds === 'number' ? task.startDelayInSeconds : 0;
  return {
    ...{ id: taskId, ref: referenceTaskName, type: taskType, status, attempt: retryCount + 1 },
    ...{ scheduled: task.scheduledTime, start: task.startTime, end: task.endTime, delay: delaySeconds * 1000 },
    isWait: WAITS.includes(roleOf(taskType) ?? ''),
    ...(workerId && { worker: workerId }),
    ...(reason && { reason }),
    ...(subWorkflowId && { child: subWorkflowId }),
  };
}
