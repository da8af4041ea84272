import { z } from 'zod';
import { latestAttempts } from '../../core/conductor/execution-facts.ts';
import { FleetError } from '../../core/errors.ts';
import { executionIds, taskRefs } from '../reading/completers.ts';
import { defineResource } from '../reading/define-resource.ts';
import { executionId } from '../shared/fields.ts';
import { orNoExecution } from '../shared/find-execution.ts';
import { nearNames } from '../shared/near-names.ts';
import { quote, quoteIfUnusual } from '../shared/quote.ts';

export default defineResource({
  name: 'task_output',
  title: 'Output of a task',
  description:
    'The whole output of the last attempt of a task. A large output is sent in parts. In loops, "ref__2" is round 2.',
  uriTemplate: 'conductor://executions/{executionId}/tasks/{taskRef}/output',
  mimeType: 'application/json',
  permission: 'executions:read',
  params: z.strictObject({ executionId, taskRef: z.string().min(1).max(255) }),
  complete: { executionId: executionIds, taskRef: taskRefs },
}).reader(async ({ executionId: id, taskRef }, { conductor }) => {
  const tasks = latestAttempts((await orNoExecution(conductor.getExecution(id), id)).tasks);
  const task = tasks.find(({ referenceTaskName }) => referenceTaskName === taskRef);
  if (task) return { text: JSON.stringify(task.outputData) };
  const refs = tasks.map(({ referenceTaskName }) => referenceTaskName);
  const near = nearNames(taskRef, refs);
  throw new FleetError('not-found', `The execution has no task ${quote(taskRef, 255)} yet.`, {
    remedy: `Its tasks are ${(near.length > 0 ? near : refs.slice(0, 20)).map(quoteIfUnusual).join(', ') || 'none yet'}.`,
  });
});
