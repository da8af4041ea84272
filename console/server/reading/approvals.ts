import { isObject } from '../../../core/json.ts';
import { clip } from '../../../core/text.ts';
import { findWaiting, type Pending, readPending } from '../../../mcp/operate/pending-tasks.ts';
import type { ApprovalList } from '../../shared/approval-detail.ts';
import type { Approval } from '../../shared/execution-row.ts';
import type { TopicContext } from '../define-topic.ts';

/** At most this many approvals are shown, those that wait longest. */
const MOST = 50;
const ABOUT_LIMIT = 120;

/** The tasks that wait for a person, the longest wait first, and how many other tasks wait. */
export async function readApprovals({ conductor, keep }: TopicContext): Promise<ApprovalList> {
  const cached = {
    ...conductor,
    listWorkflowDefs: () => keep('definitions', 60_000, () => conductor.listWorkflowDefs()),
  };
  const all = await keep('waiting', 5000, () => findWaiting(cached, {}));
  const found = all.slice(0, MOST);
  const name = `pending ${found.map(({ taskId }) => taskId).join()}`;
  const pending = await keep(name, 15_000, () => readPending(conductor, found));
  const rows = pending.filter(({ task }) => task.taskType === 'HUMAN').map(approvalOf);
  return { rows, more: all.length - found.length };
}

export function approvalOf({ task, execution }: Pending): Approval {
  const { taskId: id, referenceTaskName: ref, startTime, scheduledTime } = task;
  const { workflowId: executionId, workflowName: workflow, correlationId } = execution;
  const shown = { id, ref, executionId, workflow, since: startTime || scheduledTime, about: aboutOf(task) };
  return { ...shown, ...(correlationId && { correlation: correlationId }) };
}

/** The plain values of the task's input, in one line. A definition can name the line itself, in the field `title`. */
function aboutOf({ inputData, referenceTaskName }: Pending['task']): string {
  if (typeof inputData.title === 'string' && inputData.title !== '') return clip(inputData.title, ABOUT_LIMIT);
  const plain = Object.entries(inputData)
    .filter(([name, value]) => !name.startsWith('__') && !isObject(value) && value !== null && value !== '')
    .map(([, value]) => value);
  const isText = (value: unknown) => typeof value === 'string';
  const values = [...plain.filter(isText), ...plain.filter((value) => !isText(value))].map(String); // words before numbers
  return values.length > 0 ? clip(values.join(', '), ABOUT_LIMIT) : referenceTaskName;
}
