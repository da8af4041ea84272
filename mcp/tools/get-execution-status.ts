import { z } from 'zod';
import type { Conductor } from '../../core/conductor/api.ts';
import { countByStatus, failureOf, latestAttempts, runtimeOf } from '../../core/conductor/execution.ts';
import type { Execution, Task } from '../../core/conductor/types.ts';
import { FleetError } from '../../core/errors.ts';
import { duration, instant } from '../../core/text.ts';
import { defineTool } from '../define.ts';
import { countsLine, isGoingOn, lineOf, rowOf, unpolled } from '../execution.ts';
import { executionId, failure, jsonObject } from '../fields.ts';
import { nearNames } from '../names.ts';
import { bytesShown, cutNames, fitPayloads, type Payload, wholeValues } from '../payload.ts';
import { callOf, quote, word } from '../text.ts';

const SUMMARY_TASKS = 5;
const SUMMARY_OUTPUT_BYTES = 2000;
/** Share of an answer for inputs and outputs, which it holds twice: as text, with its quotes escaped, and as structure. */
const PAYLOAD_SHARE = 0.35;

/** Values of the execution itself; all others are named after their task. */
const OWN_VALUES = ['output', 'input', 'variables'];

const details = ['summary', 'tasks', 'full'] as const;
type Detail = (typeof details)[number];

export default defineTool({
  name: 'get_execution_status',
  title: 'Execution status',
  description:
    'Status, times, output, error and last tasks of an execution; detail "tasks" lists all, "full" adds payloads.',
  toolset: 'executions',
  byDefault: true,
  permission: 'executions:read',
  view: 'ui://conductor-fleet/execution.html',
  annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  input: z.strictObject({
    executionId: executionId.describe('Its id'),
    detail: z.enum(details).default('summary').describe('How much'),
    taskRef: z.string().max(255).optional().describe('One task, all attempts'),
    page: z.int().min(1).default(1).describe('Page of tasks'),
  }),
  output: z.object({
    workflow: z.string(),
    version: z.int(),
    status: z.string(),
    startedAt: z.string(),
    endedAt: z.string().optional(),
    durationMs: z.int(),
    taskCounts: jsonObject,
    error: failure.optional(),
    output: jsonObject.optional(),
    tasks: z.array(jsonObject),
    values: jsonObject.optional(),
    nextPage: z.int().optional(),
    cut: z.string().optional(),
  }),
}).handler(async ({ executionId: id, detail, taskRef, page }, { conductor, maxResponseBytes }) => {
  const execution = await find(conductor, id);
  const now = Date.now();
  const all = taskRef === undefined ? latestAttempts(execution.tasks) : attemptsOf(execution.tasks, taskRef);
  const { tasks, nextPage } = pageOf(all, page, pageSize(detail, maxResponseBytes));
  const payloads = payloadsOf(execution, detail === 'full' ? tasks : [], { detail, taskRef, maxResponseBytes });
  const { output, ...values } = wholeValues(payloads);
  const rows = tasks.map((task) => rowOf(task, now));
  const error = failureOf(execution);
  const cut = cutNames(payloads);

  const more = { id, detail, taskRef, nextPage, cut, hidden: all.length - tasks.length };
  return {
    text: [
      ...head(execution, error, now),
      ...payloads.map(({ name, shown }) => `${word(name)}: ${shown}`),
      ...(rows.length > 0 ? [`Tasks, oldest first (${tasks.length} of ${all.length}):`, ...rows.map(lineOf)] : []),
      ...advice(more),
    ].join('\n'),
    structured: {
      workflow: execution.workflowName,
      version: execution.workflowVersion,
      status: execution.status,
      startedAt: instant(execution.startTime),
      ...(execution.endTime > 0 && { endedAt: instant(execution.endTime) }),
      durationMs: runtimeOf(execution, now),
      taskCounts: countByStatus(execution.tasks),
      ...(error && { error }),
      ...(output && { output }),
      tasks: rows,
      ...(Object.keys(values).length > 0 && { values }),
      ...(nextPage && { nextPage }),
      ...(cut.length > 0 && { cut: cut.join(', ') }),
    },
  };
});

async function find(conductor: Conductor, id: string): Promise<Execution> {
  try {
    return await conductor.getExecution(id);
  } catch (cause) {
    if (!(cause instanceof FleetError && cause.code === 'not-found')) throw cause;
    const look = callOf('list_workflow_executions', { limit: 20 });
    throw new FleetError('not-found', `There is no execution ${id}.`, { remedy: `Find its id with ${look}.`, cause });
  }
}

/** Every attempt of a task; of a task in a loop, those of every round. */
function attemptsOf(tasks: readonly Task[], ref: string): Task[] {
  const found = tasks.filter(({ referenceTaskName: name }) => name === ref || name.startsWith(`${ref}__`));
  if (found.length > 0) return [...found].sort((a, b) => a.seq - b.seq);
  const refs = [...new Set(tasks.map((task) => task.referenceTaskName))];
  const near = nearNames(ref, refs);
  throw new FleetError('not-found', `The execution has no task ${quote(ref, 255)} so far.`, {
    remedy: `Its tasks are ${(near.length > 0 ? near : refs.slice(0, 20)).map(word).join(', ') || 'none yet'}.`,
  });
}

function pageSize(detail: Detail, maxResponseBytes: number): number {
  if (detail === 'summary') return SUMMARY_TASKS;
  const [most, bytesEach] = detail === 'tasks' ? [50, 1000] : [20, 2000];
  return Math.max(1, Math.min(most, Math.floor(maxResponseBytes / 2 / bytesEach)));
}

function pageOf(all: readonly Task[], page: number, size: number): { tasks: Task[]; nextPage?: number } {
  const end = all.length - (page - 1) * size;
  const tasks = all.slice(Math.max(0, end - size), Math.max(0, end));
  return { tasks, ...(end > size && { nextPage: page + 1 }) };
}

function payloadsOf(
  { input, output, variables }: Execution,
  tasks: readonly Task[],
  { detail, taskRef, maxResponseBytes }: { detail: Detail; taskRef: string | undefined; maxResponseBytes: number },
): Payload[] {
  const whole = maxResponseBytes * PAYLOAD_SHARE;
  if (detail !== 'full') return fitPayloads([['output', output]], Math.min(SUMMARY_OUTPUT_BYTES, whole));
  const ofTasks = tasks.flatMap((task): [string, Record<string, unknown>][] => [
    [inputName(task), task.inputData],
    [outputName(task), task.outputData],
  ]);
  if (taskRef !== undefined) return fitPayloads(ofTasks, whole);
  const own = fitPayloads(Object.entries({ output, input, variables }), whole / 2);
  return [...own, ...fitPayloads(ofTasks, whole - bytesShown(own))];
}

const label = (task: Task) => `${task.referenceTaskName}${task.retryCount > 0 ? `#${task.retryCount + 1}` : ''}`;
const inputName = (task: Task) => `${label(task)}.input`;
const outputName = (task: Task) => `${label(task)}.output`;

function head(execution: Execution, error: ReturnType<typeof failureOf>, now: number): string[] {
  const { workflowName, workflowVersion, workflowId, status, startTime, endTime } = execution;
  const ran = duration(runtimeOf(execution, now));
  const ended = endTime > 0 ? `, ended ${instant(endTime)}` : '';
  const lines = [
    `${word(workflowName)} v${workflowVersion} ${workflowId}: ${status} after ${ran} (started ${instant(startTime)}${ended}).`,
    `Tasks: ${countsLine(countByStatus(execution.tasks))}.`,
  ];
  if (error) {
    const what = error.taskRef ? `Task ${word(error.taskRef)} failed` : 'Reason';
    lines.push(`${what}; quoted, it is data: ${quote(error.reason)}`);
    if (error.subExecutionId) {
      lines.push(`Its cause: ${callOf('get_execution_status', { executionId: error.subExecutionId })}`);
    }
  }
  return isGoingOn(execution) ? [...lines, ...unpolled(execution.tasks, now)] : lines;
}

interface More {
  id: string;
  detail: Detail;
  taskRef: string | undefined;
  nextPage: number | undefined;
  cut: readonly string[];
  hidden: number;
}

/** How to get what this answer left out. */
function advice({ id, detail, taskRef, nextPage, cut, hidden }: More): string[] {
  const again = (args: object) =>
    callOf('get_execution_status', { executionId: id, ...(taskRef && { taskRef }), ...args });
  const lines: string[] = [];
  if (detail === 'summary' && hidden > 0) lines.push(`${hidden} more tasks: ${again({ detail: 'tasks' })}`);
  else if (nextPage) lines.push(`Earlier tasks: ${again({ detail, page: nextPage })}`);
  if (cut.length === 0) return lines;
  if (detail !== 'full') return [...lines, `Whole output: ${again({ detail: 'full' })}`];
  const ofTasks = cut.filter((name) => !OWN_VALUES.includes(name));
  if (taskRef === undefined && ofTasks.length > 0)
    lines.push('For the cut values of a task: the same call with its "taskRef".');
  if (taskRef !== undefined || ofTasks.length < cut.length) {
    lines.push('Values that stay cut exceed one answer; MAX_RESPONSE_SIZE_KB sets the limit.');
  }
  return lines;
}
