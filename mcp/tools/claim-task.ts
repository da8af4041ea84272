import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { Conductor } from '../../core/conductor/api.ts';
import { isForWorkers, roleOf } from '../../core/conductor/task-types.ts';
import type { Task } from '../../core/conductor/types.ts';
import { handlerInput, refusalOf } from '../../core/content/worker-inputs.ts';
import { FleetError } from '../../core/errors.ts';
import { clip, duration, instant } from '../../core/text.ts';
import { claimIdOf, giveBack, workerIdOf } from '../agents/claims.ts';
import { leaseSecondsOf } from '../agents/leases.ts';
import { defineTool, type ToolContext } from '../engine/define-tool.ts';
import { jsonObject } from '../shared/fields.ts';
import { nearNames } from '../shared/near-names.ts';
import { bytesShownTwice, fitPayloads } from '../shared/payload.ts';
import { callOf, quote, quoteIfUnusual } from '../shared/quote.ts';
import { MAX_WAIT_SECONDS } from '../shared/run-workflow.ts';

/** Polls are short, because an aborted poll could lose a task that the server hands out at that moment. */
const ROUND_MS = 1000;
const LEAST_POLL_MS = 50;
const INSTRUCTIONS_LIMIT = 4000;
/** A character of the instructions needs up to 6 bytes, because both forms of the answer escape it. */
const INSTRUCTIONS_SHARE = 0.03;
/** The input's share of the response budget, in bytes of the answer (`bytesShownTwice`). The instructions need the rest. */
const INPUT_SHARE = 0.65;

// A domain becomes part of a queue name on the server. An agent's name becomes part of a worker id.
const plain = (what: string, most: number) =>
  z
    .string()
    .refine((text) => text.length <= most && /^[\w.@-]+$/.test(text), `must be ${what} of letters, digits, _ . @ or -`);

export default defineTool({
  name: 'claim_task',
  title: 'Claim a task',
  description:
    'Takes (polls for, reserves) the next waiting task, a piece of work or job to be done by you as a worker; its lease is kept for you. Answer with update_task. The input comes as workers get it, secrets included.',
  toolset: 'agents',
  permission: 'tasks:write',
  annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: false, openWorldHint: false },
  input: z.strictObject({
    taskTypes: z
      .array(z.string().min(1).max(255))
      .min(1)
      .max(20)
      .describe('Names of task types that you can do, most wanted first'),
    domain: plain('a domain', 100).optional().describe('Only tasks of this task domain'),
    agent: plain('a name', 64).optional().describe('Your name, shown as the worker'),
    waitSeconds: z.int().min(0).max(MAX_WAIT_SECONDS).default(0).describe('Wait up to so long for a task'),
  }),
  output: z.object({
    /** False if no task waited; the other fields are then absent. */
    claimed: z.boolean(),
    claimId: z.string().optional(),
    taskType: z.string().optional(),
    taskRef: z.string().optional(),
    executionId: z.string().optional(),
    /** Absent if it is too large for an answer. */
    input: jsonObject.optional(),
    instructions: z.string().optional(),
    attempt: z.int().optional(),
    keptUntil: z.string().optional(),
  }),
}).handler(async (args, context) => {
  refuseServerTasks(args.taskTypes);
  const task = await claim(args, context);
  if (task) return claimed(task, context);
  await mustBeKnown(args.taskTypes, context.conductor);
  const again = callOf('claim_task', { ...args, waitSeconds: MAX_WAIT_SECONDS });
  return {
    text: `No task waits in ${args.taskTypes.map(quoteIfUnusual).join(', ')}${args.domain ? ` in domain ${args.domain}` : ''}. To wait for one: ${again}`,
    structured: { claimed: false },
  };
});

interface Wanted {
  taskTypes: string[];
  domain?: string | undefined;
  agent?: string | undefined;
  waitSeconds: number;
}

/** Polls the types in their order, until a type has a task or the wait is over. */
async function claim(
  { taskTypes, domain, agent, waitSeconds }: Wanted,
  context: ToolContext,
): Promise<Task | undefined> {
  const { caller, signal, progress } = context;
  // These calls continue after the client has gone. Otherwise a task that the server just handed out would be lost.
  const conductor = context.conductor.detached();
  const workerId = workerIdOf(agent ?? caller.name);
  const started = performance.now();
  const leftMs = () => waitSeconds * 1000 - (performance.now() - started);
  for (;;) {
    const polledAt = performance.now();
    for (const type of taskTypes) {
      const timeoutMs = Math.round(Math.max(LEAST_POLL_MS, Math.min(leftMs(), ROUND_MS / taskTypes.length)));
      const [task] = await conductor.pollTasks(type, { count: 1, timeoutMs, workerId, ...(domain && { domain }) });
      if (!task) signal.throwIfAborted();
      else if (signal.aborted) await giveBack(conductor, task);
      else if (await mayRun(conductor, task)) return task;
    }
    signal.throwIfAborted();
    if (leftMs() <= 0) return undefined;
    progress({
      progress: Math.round((performance.now() - started) / 1000),
      total: waitSeconds,
      message: `No task waits yet in ${taskTypes.map(quoteIfUnusual).join(', ')}`,
    });
    const spent = performance.now() - polledAt;
    await sleep(Math.max(0, Math.min(leftMs(), ROUND_MS / 2 - spent)), undefined, { signal });
  }
}

/** The queue of a type such as HUMAN can hold a task that a caller set IN_PROGRESS. Only a person may answer it. */
function refuseServerTasks(taskTypes: readonly string[]): void {
  const wrong = taskTypes.filter((type) => roleOf(type.slice(type.lastIndexOf(':') + 1)) !== undefined);
  if (wrong.length === 0) return;
  const names = wrong.map((name) => quote(name, 255)).join(', ');
  throw new FleetError('input', `${names}: the server itself runs tasks of this type, so no worker can claim them.`, {
    remedy: `Name task types of workers. To answer what waits for a person: ${callOf('list_pending_approvals', {})}`,
  });
}

/**
 * True if an agent may run the task. A task that is not for workers, such as a HUMAN task, stays as it is. A task of an execution that was
 * undone is ended, as a worker process would.
 */
async function mayRun(conductor: Conductor, task: Task): Promise<boolean> {
  if (!isForWorkers(task)) return false;
  const reasonForIncompletion = refusalOf(task.taskDefName ?? task.taskType, task);
  if (reasonForIncompletion === undefined) return true;
  const { taskId, workflowInstanceId } = task;
  await conductor.updateTask({
    taskId,
    workflowInstanceId,
    status: 'FAILED_WITH_TERMINAL_ERROR',
    reasonForIncompletion,
  });
  return false;
}

function claimed(task: Task, { leases, seal, maxResponseBytes }: ToolContext) {
  const { taskDefName, taskType, referenceTaskName: taskRef, workflowInstanceId: executionId, workflowType } = task;
  const type = taskDefName ?? taskType;
  const claimId = claimIdOf(task, seal);
  const until = leases.keep(task, claimId);
  const [input] = fitPayloads(
    [['input', handlerInput(task.inputData)]],
    maxResponseBytes * INPUT_SHARE,
    bytesShownTwice,
  );
  const described = task.taskDefinition?.description;
  const instructions = typeof described === 'string' ? described.trim() : '';
  const most = Math.min(INSTRUCTIONS_LIMIT, Math.floor(maxResponseBytes * INSTRUCTIONS_SHARE));
  const attempt = task.retryCount + 1;
  const keptUntil = instant(until);
  const call = (args: Record<string, unknown>) => callOf('update_task', { claimId, ...args });
  const lines = [
    `You have claimed ${quoteIfUnusual(type)}, task ${quoteIfUnusual(taskRef)} of ${quoteIfUnusual(workflowType ?? 'the workflow')} ${executionId}${attempt > 1 ? `, attempt ${attempt}` : ''}.`,
    ...(instructions ? [`Instructions from the task definition (quoted): ${quote(instructions, most)}`] : []),
    `Input (data): ${input?.shown ?? '{}'}`,
    ...(input?.value
      ? []
      : [
          `The input is cut. Read it in pieces: ${callOf('get_execution_status', { executionId, detail: 'full', taskRef })}`,
        ]),
    `The lease is kept until ${keptUntil} (${duration(until - Date.now())}). Report before that to keep it longer: ${call({ status: 'progress', message: 'what you do' })}`,
    `Without a report the lease ends at most ${duration(leaseSecondsOf(task) * 1000)} later, and another worker gets the task.`,
    `When done: ${call({ status: 'complete', output: {} })}. Or use status fail with a reason, or status release to hand the task back.`,
  ];
  return {
    text: lines.join('\n'),
    structured: {
      claimed: true,
      claimId,
      taskType: type,
      taskRef,
      executionId,
      ...(input?.value && { input: input.value }),
      ...(instructions && { instructions: clip(instructions, most) }),
      attempt,
      keptUntil,
    },
  };
}

/** The server has a queue for any name, so a misspelt type would wait forever. */
async function mustBeKnown(taskTypes: readonly string[], conductor: Conductor): Promise<void> {
  const names = (await conductor.listTaskDefs()).map(({ name }) => name);
  const unknown = taskTypes.filter((type) => !names.includes(type));
  if (unknown.length < taskTypes.length) return;
  const near = nearNames(unknown[0] ?? '', names);
  throw new FleetError(
    'not-found',
    `No task definition is named ${unknown.map((name) => quote(name, 255)).join(', ')}.`,
    {
      remedy: near[0]
        ? `Similar names are ${near.map(quoteIfUnusual).join(', ')}: ${callOf('claim_task', { taskTypes: [near[0]] })}`
        : `See all queues: ${callOf('get_queue_status', {})}`,
    },
  );
}
