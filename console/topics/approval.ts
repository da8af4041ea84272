import { z } from 'zod';
import { isWaiting } from '../../core/conductor/waiting-tasks.ts';
import { isObject } from '../../core/json.ts';
import { howEnded } from '../../mcp/operate/approval-record.ts';
import { fieldsAsked } from '../../mcp/operate/decision.ts';
import { definitionOf } from '../../mcp/operate/execution-definition.ts';
import { findExecution } from '../../mcp/shared/find-execution.ts';
import { effectsOf } from '../../workflows/model/answer-effects.ts';
import { defineTopic } from '../server/define-topic.ts';
import { approvalOf } from '../server/reading/approvals.ts';
import { withoutLarge } from '../server/reading/large-values.ts';
import { pictureOf } from '../server/reading/picture.ts';
import type { ApprovalDetail } from '../shared/approval-detail.ts';

const OPEN_EVERY_MS = 2000;
const ENDED_EVERY_MS = 10_000;

export default defineTopic<{ id: string }>({
  name: 'approval',
  permission: 'executions:read',
  sameAs: ['list_pending_approvals', 'get_execution_status'],
  params: z.object({ id: z.string().min(1).max(100) }),
  everyMs: (value) => (value?.ended === undefined ? OPEN_EVERY_MS : ENDED_EVERY_MS),
}).reader(async ({ id }, { conductor, now }): Promise<ApprovalDetail & Record<string, unknown>> => {
  const task = await conductor.getTask(id);
  const execution = await findExecution(conductor, task.workflowInstanceId);
  const def = definitionOf(execution);
  const description = isObject(task.workflowTask) ? task.workflowTask.description : undefined;
  return {
    ...approvalOf({ task, execution }),
    version: execution.workflowVersion,
    ...(typeof description === 'string' && description !== '' && { description }),
    ...(!isWaiting(task) && { ended: howEnded(task) }),
    input: withoutLarge(task.inputData),
    ...effectsOf(def, task.referenceTaskName),
    asks: fieldsAsked({ execution, task }),
    picture: pictureOf(execution, now),
  };
});
