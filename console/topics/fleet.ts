import { z } from 'zod';
import type { Conductor } from '../../core/conductor/api.ts';
import { queueNameOf } from '../../core/conductor/read-queues.ts';
import { FleetError } from '../../core/errors.ts';
import { type Judged, readJudgedQueues } from '../../mcp/analysis/judged-queues.ts';
import { defineTopic, type TopicContext } from '../server/define-topic.ts';
import { readProcesses } from '../server/reading/processes.ts';
import type { FleetSeen, TypeRow } from '../shared/fleet.ts';

const MOST_TYPES = 100;
/** What is read again only after this time. */
const KEPT_MS = { queues: 3000, tasks: 6000, definitions: 60_000 };

export default defineTopic({
  name: 'fleet',
  permission: 'tasks:read',
  sameAs: ['get_queue_status'],
  params: z.object({}),
  everyMs: () => 1000,
}).reader(async (_params, context): Promise<FleetSeen & Record<string, unknown>> => {
  const { workers, now, keep, signal } = context;
  const read = () => readJudgedQueues(sparing(context), { limit: MOST_TYPES });
  const { queues, others } = await keep('judged queues', KEPT_MS.queues, read);
  const ours = queues.filter(({ verdict }) => verdict.state !== 'server');
  const facts = [...queues, ...others].map((one) => one.facts);
  return {
    types: ours.map(typeRow),
    more: others.length,
    processes: await readProcesses(workers, { queues: facts, now, signal }),
  };
});

/** The same server; what changes slowly is asked seldom, and all definitions with one request. */
function sparing({ conductor, keep }: TopicContext): Conductor {
  const definitions = () => keep('task definitions', KEPT_MS.definitions, () => conductor.listTaskDefs());
  return {
    ...conductor,
    getTaskDef: async (name) => {
      const def = (await definitions()).find((one) => one.name === name);
      if (def) return def;
      throw new FleetError('not-found', `There is no task definition named ${name}.`);
    },
    openTasks: (name, most) => keep(`tasks of ${name} ${most}`, KEPT_MS.tasks, () => conductor.openTasks(name, most)),
  };
}

function typeRow({ facts, verdict, domains }: Judged): TypeRow {
  const { taskType: type, domain, waiting, hidden, lastPoll } = facts;
  const { state, running, oldestAt, limit } = verdict;
  return {
    ...{ id: queueNameOf(facts), type, domain, state, waiting, hidden },
    ...(domains !== undefined && { domains }),
    ...(running !== undefined && { running }),
    ...(oldestAt !== undefined && { oldestAt }),
    ...(limit !== undefined && { limit }),
    ...(lastPoll && { polledBy: lastPoll.workerId, polledAt: lastPoll.at }),
  };
}
