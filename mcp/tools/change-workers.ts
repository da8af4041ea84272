import { z } from 'zod';
import { FleetError, messageOf } from '../../core/errors.ts';
import type { Change } from '../../core/worker-processes/control-pages.ts';
import { changeWorkers } from '../../core/worker-processes/local-workers.ts';
import { defineTool } from '../engine/define-tool.ts';
import { jsonObject } from '../shared/fields.ts';
import { callOf, quoteIfUnusual } from '../shared/quote.ts';

export default defineTool({
  name: 'change_workers',
  title: 'Change workers',
  description:
    'Pauses or resumes the polling of worker processes on this machine, or sets how many tasks they run at once (concurrency), for one task type or all. It lasts until the process ends.',
  toolset: 'queues',
  permission: 'workflows:write',
  annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: false },
  input: z.strictObject({
    action: z.enum(['pause', 'resume', 'set_limit']).describe('What to do'),
    taskType: z.string().min(1).max(255).optional().describe('Only this task type; default: all'),
    workerId: z.string().min(1).max(255).optional().describe('Only this process; default: all of this machine'),
    limit: z.int().min(1).max(10_000).optional().describe('For set_limit: most tasks at once, in each process'),
  }),
  output: z.object({
    /** `workerId`, `running`, `types` (`name`, `state`, `running`, `limit`): each process that was changed, as it is now. */
    workers: z.array(jsonObject),
    counts: z.object({ changed: z.int(), failed: z.int() }),
  }),
}).handler(async ({ action, taskType, workerId, limit }, { workers, limits, signal }) => {
  // A worker executes tasks of all workflows, so a pause would reach further than this caller.
  if (limits.length > 0)
    throw new FleetError('denied', 'You reach only some workflows, and a worker process serves all of them.', {
      remedy: `See what you may do: ${callOf('get_my_permissions', {})}`,
    });
  const what = changeOf(action, limit);
  const { done, failed } = await changeWorkers(await workers.find(workerId), what, taskType, signal);
  const verb = action === 'set_limit' ? `Set the limit to ${limit} in` : action === 'pause' ? 'Paused' : 'Resumed';
  const names = done.map((one) => quoteIfUnusual(one.workerId)).join(', ');
  const of = taskType === undefined ? '' : ` for ${quoteIfUnusual(taskType)}`;
  const wrong = failed.map((error) => `Not changed: ${messageOf(error)}`);
  return {
    text: [`${verb} ${done.length === 1 ? '1 process' : `${done.length} processes`}${of}: ${names}.`, ...wrong].join(
      '\n',
    ),
    structured: {
      workers: done.map(({ workerId: id, running, types }) => ({
        workerId: id,
        running,
        types: types
          .filter(({ name }) => taskType === undefined || name === taskType)
          .map(({ name, state, running: now, concurrency }) => ({ name, state, running: now, limit: concurrency })),
      })),
      counts: { changed: done.length, failed: failed.length },
    },
  };
});

function changeOf(action: 'pause' | 'resume' | 'set_limit', limit: number | undefined): Change {
  if (action === 'set_limit') {
    if (limit === undefined) throw new FleetError('input', 'set_limit needs the argument limit.');
    return { action: 'concurrency', concurrency: limit };
  }
  if (limit === undefined) return { action };
  throw new FleetError('input', `${action} takes no limit.`, { remedy: 'Leave out limit, or use set_limit.' });
}
