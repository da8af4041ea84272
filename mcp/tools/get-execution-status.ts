import { z } from 'zod';
import type { Conductor } from '../../core/conductor/api.ts';
import {
  countByStatus,
  type Failure,
  failureOf,
  latestAttempts,
  runtimeOf,
} from '../../core/conductor/execution-facts.ts';
import { type Execution, hasEnded, type Task } from '../../core/conductor/types.ts';
import { FleetError, orUndefined } from '../../core/errors.ts';
import { named } from '../../core/settings/named.ts';
import { clip, count, duration, instant } from '../../core/text.ts';
import { innermostReason } from '../analysis/failure-reason.ts';
import { defineTool } from '../engine/define-tool.ts';
import { type Gate, gateLines, gatesOf } from '../operate/gates.ts';
import { executionId } from '../shared/fields.ts';
import { orNoExecution } from '../shared/find-execution.ts';
import { nearNames } from '../shared/near-names.ts';
import { bytesShownTwice, cutNames, fitPayloads, type Payload, wholeValues } from '../shared/payload.ts';
import { callOf, quote, quoteIfUnusual } from '../shared/quote.ts';
import { MAX_WAIT_SECONDS } from '../shared/run-workflow.ts';
import { readLogs } from '../shared/task-logs.ts';
import { countsLine, lineOf, rowOf, unpolledLines } from '../shared/task-rows.ts';
import { waitProgress } from '../shared/wait-progress.ts';

const SUMMARY_TASKS = 5;
const SUMMARY_OUTPUT_BYTES = 500;
/** The payloads' share of the response budget, in bytes of the answer (`bytesShownTwice`). The rest is for the rows of tasks. */
const PAYLOAD_SHARE = 0.7;
const REASON_LIMIT = 500;

/** The task logs' share of the response budget, in bytes of the answer. */
const LOG_SHARE = 0.15;

/** Names of the execution's own values. All other values are named after their task. */
const OWN_VALUES = ['output', 'input', 'variables'];

const COLUMNS = ['ref', 'type', 'status', 'attempt', 'ms', 'reason'];

const isShort = (text: string) => text.length <= 255;

const details = ['summary', 'tasks', 'task', 'full'] as const;
type Detail = (typeof details)[number];

export default defineTool({
  name: 'get_execution_status',
  title: 'Execution status',
  description:
    'How far one execution (run) is: status, steps (tasks), times, output, error; can wait until done. Also one task with its input, output and log. Why it failed or hangs: diagnose_execution.',
  toolset: 'executions',
  byDefault: true,
  permission: 'executions:read',
  view: 'ui://conductor-fleet/execution.html',
  annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  input: z.strictObject({
    executionId: executionId.optional().describe('Id of the execution'),
    detail: z
      .enum(details)
      .default('summary')
      .describe('summary, tasks (a page), task (with taskRef) or full (all values)'),
    taskRef: z
      .string()
      .refine(isShort, 'must be at most 255 characters long')
      .optional()
      .describe('Reference name of one task: its attempts, values and log'),
    taskId: executionId.optional().describe('One task by its id, instead of executionId and taskRef'),
    page: z.int().min(1).default(1).describe('Page of tasks, newest first'),
    waitSeconds: z.int().min(0).max(MAX_WAIT_SECONDS).default(0).describe('Wait up to so long for the end'),
  }),
  // Further fields: version, endedAt, taskCounts, and cut (names of the values that were cut).
  output: z.looseObject({
    workflow: z.string(),
    status: z.string(),
    startedAt: z.string(),
    durationMs: z.int(),
    error: z.looseObject({}).optional(),
    output: z.looseObject({}).optional(),
    columns: z.array(z.unknown()),
    rows: z.array(z.unknown()),
    values: z.looseObject({}).optional(),
    logs: z.array(z.unknown()).optional(),
    nextPage: z.int().optional(),
  }),
}).handler(async ({ detail: asked, page, waitSeconds, ...named }, context) => {
  const { conductor, maxResponseBytes, signal, progress } = context;
  const { id, taskRef, taskId } = await targetOf(named, conductor);
  const detail = taskRef === undefined ? asked : 'task';
  if (detail === 'task' && taskRef === undefined) throw taskMissing(id);
  const isEnough = async (standing: Execution) => (await gatesOf(conductor, standing)).length > 0;
  const wait = { seconds: waitSeconds, signal, progress: waitProgress(waitSeconds, progress), isEnough };
  const execution = await orNoExecution(conductor.waitForEnd(id, wait), id);
  const now = Date.now();
  const all = taskRef === undefined ? latestAttempts(execution.tasks) : attemptsOf(execution, taskRef, taskId);
  const { tasks, nextPage } = pageOf(all, page, pageSize(detail, maxResponseBytes));
  const payloads = payloadsOf(execution, tasks, { detail, maxResponseBytes });
  const error = await rootError(conductor, execution);
  const gates = await gatesOf(conductor, execution);
  const logs = detail === 'task' ? await readLogs(conductor, tasks, maxResponseBytes * LOG_SHARE) : [];
  const more = { id, detail, taskRef, nextPage, cut: cutNames(payloads), hidden: all.length - tasks.length };
  return {
    text: textOf({ execution, error, gates, logs, tasks, payloads, total: all.length, now }, more),
    structured: structureOf({ execution, error, logs, tasks, payloads, now }, more),
  };
});

interface Named {
  executionId?: string | undefined;
  taskRef?: string | undefined;
  taskId?: string | undefined;
}

interface Target {
  readonly id: string;
  readonly taskRef?: string | undefined;
  readonly taskId?: string;
}

/** The execution that the call names, and its task. With the id of a task, the server says to which execution it belongs. */
async function targetOf({ executionId: id, taskRef, taskId }: Named, conductor: Conductor): Promise<Target> {
  if (id !== undefined && taskId === undefined) return { id, taskRef };
  if (id !== undefined || taskRef !== undefined || taskId === undefined) {
    const find = callOf('list_workflow_executions', { limit: 5 });
    throw new FleetError('input', 'The call needs executionId, perhaps with taskRef, or taskId alone.', {
      remedy: id === undefined ? find : callOf('get_execution_status', { executionId: id }),
    });
  }
  const task = await orUndefined(conductor.getTask(taskId));
  if (task) return { id: task.workflowInstanceId, taskRef: task.referenceTaskName, taskId };
  throw new FleetError('not-found', `There is no task with the id ${taskId}.`, {
    remedy: `If this is the id of an execution: ${callOf('get_execution_status', { executionId: taskId })}`,
  });
}

/** Why the execution failed. If a sub-workflow failed, this is the reason of that sub-workflow. */
async function rootError(conductor: Conductor, execution: Execution): Promise<Failure | undefined> {
  const own = failureOf(execution);
  if (!own?.subExecutionId || !hasEnded(execution.status))
    return own && { ...own, reason: innermostReason(own.reason) };
  const { chainOfFailures, failedTaskOf } = await import('../analysis/facts.ts');
  const chain = await chainOfFailures(conductor, execution);
  const root = chain.at(-1) ?? execution;
  const reason = failedTaskOf(root)?.reasonForIncompletion ?? root.reasonForIncompletion ?? own.reason;
  const refs = chain.flatMap((one) => failedTaskOf(one)?.referenceTaskName ?? []);
  return { taskRef: refs.join(' → '), reason: innermostReason(reason), subExecutionId: root.workflowId };
}

/** Every attempt of a task, in every round of a loop. */
function attemptsOf({ tasks, workflowId }: Execution, ref: string, taskId: string | undefined): Task[] {
  const named = tasks.filter(({ referenceTaskName: name }) => name === ref || name.startsWith(`${ref}__`));
  const one = named.filter((task) => task.taskId === taskId);
  const found = one.length > 0 ? one : named;
  if (found.length > 0) return [...found].sort((a, b) => a.seq - b.seq);
  const refs = [...new Set(tasks.map((task) => task.referenceTaskName))];
  const near = nearNames(ref, refs);
  const names = (near.length > 0 ? near : refs.slice(0, 20)).map(quoteIfUnusual).join(', ') || 'none yet';
  throw new FleetError('not-found', `The execution has no task ${quote(ref, 255)} yet; its tasks are ${names}.`, {
    remedy: `List them: ${callOf('get_execution_status', { executionId: workflowId, detail: 'tasks' })}`,
  });
}

function taskMissing(id: string): FleetError {
  return new FleetError('input', 'Detail "task" needs taskRef, the reference name of a task.', {
    remedy: `Find it: ${callOf('get_execution_status', { executionId: id, detail: 'tasks' })}`,
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
  { detail, maxResponseBytes }: { detail: Detail; maxResponseBytes: number },
): Payload[] {
  const whole = maxResponseBytes * PAYLOAD_SHARE;
  if (detail === 'tasks') return [];
  if (detail === 'summary') return fitPayloads([['output', output]], SUMMARY_OUTPUT_BYTES);
  const ofTasks = tasks.flatMap((task): [string, Record<string, unknown>][] => [
    [inputName(task), task.inputData],
    [outputName(task), task.outputData],
  ]);
  if (detail === 'task') return fitPayloads(ofTasks, whole, bytesShownTwice);
  const own = fitPayloads(Object.entries({ output, input, variables }), whole / 2, bytesShownTwice);
  const ownBytes = own.reduce((sum, { shown }) => sum + bytesShownTwice(shown), 0);
  return [...own, ...fitPayloads(ofTasks, whole - ownBytes, bytesShownTwice)];
}

const label = (task: Task) => `${task.referenceTaskName}${task.retryCount > 0 ? `#${task.retryCount + 1}` : ''}`;
const inputName = (task: Task) => `${label(task)}.input`;
const outputName = (task: Task) => `${label(task)}.output`;

interface Shown {
  execution: Execution;
  error: Failure | undefined;
  gates: readonly Gate[];
  logs: readonly string[];
  tasks: readonly Task[];
  payloads: readonly Payload[];
  now: number;
}

interface More {
  id: string;
  detail: Detail;
  taskRef: string | undefined;
  nextPage: number | undefined;
  cut: readonly string[];
  hidden: number;
}

function structureOf({ execution, error, logs, tasks, payloads, now }: Omit<Shown, 'gates'>, { nextPage, cut }: More) {
  const { output, ...values } = wholeValues(payloads);
  const rows = tasks.map((task) => {
    const { ref, type, status, attempt, durationMs, reason } = rowOf(task, now);
    return [ref, type, status, attempt, durationMs, ...(reason ? [reason] : [])];
  });
  return {
    workflow: execution.workflowName,
    version: execution.workflowVersion,
    status: execution.status,
    startedAt: instant(execution.startTime),
    ...(execution.endTime > 0 && { endedAt: instant(execution.endTime) }),
    durationMs: runtimeOf(execution, now),
    taskCounts: countByStatus(execution.tasks),
    ...(error && { error: { ...error, reason: clip(error.reason, REASON_LIMIT) } }),
    ...(output && { output }),
    columns: COLUMNS,
    rows,
    ...(Object.keys(values).length > 0 && { values }),
    ...(logs.length > 0 && { logs: [...logs] }),
    ...(nextPage && { nextPage }),
    ...(cut.length > 0 && { cut: cut.join(', ') }),
  };
}

function textOf(
  { execution, error, gates, logs, tasks, payloads, total, now }: Shown & { total: number },
  more: More,
): string {
  const { workflowName, workflowVersion, workflowId, status, startTime } = execution;
  const ran = `${!hasEnded(execution.status) ? 'for' : 'after'} ${duration(runtimeOf(execution, now))}`;
  return [
    `${quoteIfUnusual(workflowName)} v${workflowVersion} ${workflowId}: ${status} ${ran}, started ${instant(startTime)}.`,
    `Tasks: ${countsLine(countByStatus(execution.tasks))}.`,
    ...errorLines(workflowId, error),
    ...gateLines(gates),
    ...(!hasEnded(execution.status) ? unpolledLines(execution.tasks, now) : []),
    ...payloads.filter(({ shown }) => shown !== '{}').map(({ name, shown }) => `${quoteIfUnusual(name)}: ${shown}`),
    ...(tasks.length > 0
      ? [`${tasks.length} of ${total} tasks, oldest first:`, ...tasks.map((task) => lineOf(rowOf(task, now)))]
      : []),
    ...(logs.length > 0
      ? ['Log of the task, oldest line first (quoted data):', ...logs.map((line) => quote(line))]
      : []),
    ...advice(more),
  ].join('\n');
}

function errorLines(id: string, error: Failure | undefined): string[] {
  if (!error) return [];
  const what = error.taskRef ? `Task ${error.taskRef.split(' → ').map(quoteIfUnusual).join(' → ')} failed` : 'Reason';
  return [
    `${what} (quoted data): ${quote(error.reason, REASON_LIMIT)}`,
    `Why, and how to recover: ${callOf('diagnose_execution', { executionId: id })}`,
  ];
}

/** The calls that show what this answer left out. */
function advice({ id, detail, taskRef, nextPage, cut, hidden }: More): string[] {
  const again = (args: object) =>
    callOf('get_execution_status', { executionId: id, ...(taskRef && { taskRef }), ...args });
  const lines: string[] = [];
  if (detail === 'summary' && hidden > 0) lines.push(`${count(hidden, 'more task')}: ${again({ detail: 'tasks' })}`);
  else if (nextPage) lines.push(`Earlier tasks: ${again({ detail, page: nextPage })}`);
  if (cut.length === 0) return lines;
  if (detail === 'summary') return [...lines, `Whole output: ${again({ detail: 'full' })}`];
  const ofTasks = cut.filter((name) => !OWN_VALUES.includes(name));
  if (detail === 'full' && ofTasks[0] !== undefined) {
    const ref = ofTasks[0].replace(/(#\d+)?\.(input|output)$/, '');
    lines.push(`One task with its whole values: ${again({ detail: 'task', taskRef: ref })}`);
  }
  if (detail === 'task' || ofTasks.length < cut.length) {
    lines.push(`Values that are still cut do not fit into one answer; ${named('maxResponseSizeKb')} sets the limit.`);
  }
  return lines;
}
