import { z } from 'zod';
import type { Conductor } from '../../core/conductor/api.ts';
import { type QueueState, queueStates } from '../../core/conductor/read-queues.ts';
import { FleetError } from '../../core/errors.ts';
import { fleetCommand } from '../../core/messages/fleet-command.ts';
import { count, duration, instant } from '../../core/text.ts';
import { type Judged, OPEN_TASKS, readJudgedQueues } from '../analysis/judged-queues.ts';
import { defineTool } from '../engine/define-tool.ts';
import { jsonObject } from '../shared/fields.ts';
import { nearNames } from '../shared/near-names.ts';
import { callOf, quote, quoteIfUnusual } from '../shared/quote.ts';

export default defineTool({
  name: 'get_queue_status',
  title: 'Queues and workers',
  description:
    'How deep the task queues are (backlog), which workers are alive and poll, how old the oldest waiting task is, and what that means.',
  toolset: 'queues',
  byDefault: true,
  permission: 'tasks:read',
  annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  input: z.strictObject({
    taskType: z
      .string()
      .min(1)
      .max(255)
      .optional()
      .describe('Name of a task definition, e.g. charge_card; default: all'),
    limit: z.int().min(1).max(100).default(20).describe('Most queues to list'),
  }),
  output: z.object({
    /** `taskType`, `domain`, `state`, `waiting`, `hidden`, `running`, `oldestWaitMs`, `limit`, `lastPollBy`, `lastPollAt`. */
    queues: z.array(jsonObject),
    /** The number of queues in each state. */
    states: jsonObject,
  }),
}).handler(async ({ taskType, limit }, { conductor }) => {
  const { queues, others, total } = await readJudgedQueues(conductor, { taskType, limit });
  if (taskType !== undefined && total === 0) await mustBeKnown(conductor, taskType);
  const states = statesOf([...others, ...queues]);
  return {
    text: textOf(queues, states, total, { taskType, limit }),
    structured: { queues: queues.map(rowOf), states },
  };
});

/** If a type has no queue and no poll, only its task definition shows that the type exists. */
async function mustBeKnown(conductor: Conductor, taskType: string): Promise<void> {
  const names = (await conductor.listTaskDefs()).map(({ name }) => name);
  if (names.includes(taskType)) return;
  const near = nearNames(taskType, names);
  throw new FleetError('not-found', `There is no queue and no task definition named ${quote(taskType, 255)}.`, {
    remedy: near[0]
      ? `Similar names are ${near.map(quoteIfUnusual).join(', ')}: ${callOf('get_queue_status', { taskType: near[0] })}`
      : `See all queues: ${callOf('get_queue_status', {})}`,
  });
}

function statesOf(all: readonly Judged[]): Partial<Record<QueueState, number>> {
  const states: Partial<Record<QueueState, number>> = {};
  for (const { verdict, domains = 1 } of all) states[verdict.state] = (states[verdict.state] ?? 0) + domains;
  return states;
}

function rowOf({ facts, verdict, now, domains }: Judged) {
  const { taskType, domain, waiting, hidden, lastPoll } = facts;
  const { state, running, oldestAt, limit } = verdict;
  return {
    taskType,
    ...(domain && domains === undefined && { domain }),
    ...(domains !== undefined && { domains }),
    state,
    waiting,
    ...(hidden > 0 && { hidden }),
    ...(running !== undefined && { running }),
    ...(oldestAt !== undefined && { oldestWaitMs: Math.max(0, now - oldestAt) }),
    ...(limit !== undefined && { limit }),
    ...(lastPoll && { lastPollBy: lastPoll.workerId, lastPollAt: instant(lastPoll.at) }),
  };
}

function textOf(
  queues: readonly Judged[],
  states: Partial<Record<QueueState, number>>,
  total: number,
  { taskType, limit }: { taskType: string | undefined; limit: number },
): string {
  if (queues.length === 0)
    return taskType
      ? `${quoteIfUnusual(taskType)}: no task waits, and no worker has polled it.`
      : 'There are no queues.';
  const counts = queueStates.flatMap((state) => (states[state] ? [`${states[state]} ${state}`] : []));
  const more = { ...(taskType && { taskType }), limit: 100 };
  return [
    `${count(total, 'queue')}: ${counts.join(', ')}. Worst first:`,
    ...queues.map(lineOf),
    ...advice(queues),
    ...(total > shownOf(queues) && limit < 100 ? [`More: ${callOf('get_queue_status', more)}`] : []),
  ].join('\n');
}

function lineOf({ facts, verdict, now, domains }: Judged): string {
  const { taskType, domain, waiting, hidden, lastPoll } = facts;
  const { state, running, oldestAt, limit } = verdict;
  return [
    `${quoteIfUnusual(taskType)}${whereOf(domain, domains)}`,
    state,
    `${waiting} waiting`,
    ...(hidden > 0 ? [`${hidden} held back`] : []),
    ...(running !== undefined ? [`${running}${running >= OPEN_TASKS ? ' or more' : ''} running`] : []),
    ...(limit !== undefined ? [`at most ${limit} at once`] : []),
    ...(oldestAt !== undefined ? [`oldest waits ${duration(now - oldestAt)}`] : []),
    lastPoll ? `polled ${duration(now - lastPoll.at)} ago by ${quote(lastPoll.workerId, 60)}` : 'never polled',
  ].join(' | ');
}

function whereOf(domain: string | undefined, domains: number | undefined): string {
  if (domains !== undefined) return ` in ${domains} domains`;
  return domain ? ` in domain ${quoteIfUnusual(domain)}` : '';
}

function shownOf(queues: readonly Judged[]): number {
  return queues.reduce((sum, { domains = 1 }) => sum + domains, 0);
}

/** What each listed state means, and who can change it and how. */
function advice(queues: readonly Judged[]): string[] {
  const shown = new Set(queues.map(({ verdict }) => verdict.state));
  const worst = queues.find(({ verdict }) => verdict.state === 'no_worker')?.facts;
  const start = worst && /^[\w.-]+$/.test(worst.taskType) ? ` --only ${worst.taskType}` : '';
  const domain = worst?.domain ? `, for its domain ${quoteIfUnusual(worst.domain)}` : '';
  const texts: Partial<Record<QueueState, string>> = {
    no_worker: `no_worker: no worker has polled for a minute, so these tasks wait. The person who runs the workers can start one${domain}: \`${fleetCommand} work${start}\`.`,
    limited: 'limited: concurrentExecLimit of the task definition allows no more tasks at once. Raise it, or wait.',
    behind:
      'behind: workers poll but tasks wait. Start more workers, raise their concurrency, or find out why tasks take long.',
    delayed: 'delayed: the waiting tasks are not due yet (a retry delay or callback). There is nothing to do.',
    server: 'server: system tasks, which the server itself executes.',
  };
  return queueStates.flatMap((state) => (shown.has(state) && texts[state] ? [texts[state]] : []));
}
