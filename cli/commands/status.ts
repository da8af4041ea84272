import { resolve } from 'node:path';
import { z } from 'zod';
import type { Conductor } from '../../core/conductor/api.ts';
import { hasEnded, workflowStatuses } from '../../core/conductor/types.ts';
import { fleetCommand } from '../../core/messages/fleet-command.ts';
import { duration } from '../../core/text.ts';
import { announcedWorkers } from '../../core/worker-processes/announced-workers.ts';
import { parseOptions } from '../arguments/parse-options.ts';
import { withConductor } from '../connect.ts';
import { type CommandContext, defineCommand } from '../define-command.ts';
import { printExecution } from '../printing/print-execution.ts';

const optionsSchema = z.object({
  limit: z.coerce.number().int().min(1).max(100).default(20),
  state: z.enum(workflowStatuses).optional(),
  json: z.boolean().default(false),
});
type Options = z.output<typeof optionsSchema>;

export default defineCommand({
  groups: ['conductor', 'server'],
  configure(command) {
    command
      .argument('[id]', 'Id of an execution: show it with its tasks. Without it, list recent executions.')
      .option('--limit <n>', 'Number of executions to list, 1 to 100 (default: 20).')
      .option('--state <status>', `List only executions in this state: ${workflowStatuses.join(', ')}.`)
      .option('--json', 'Print JSON.');
  },
  async run(context) {
    const options = parseOptions(optionsSchema, context.options, 'status');
    const show = context.args[0] === undefined ? showRecent : showOne;
    await withConductor(context.config, (conductor) => show(conductor.withSignal(context.signal), options, context));
  },
});

async function showOne(
  conductor: Conductor,
  { json }: Options,
  { config, args, print }: CommandContext,
): Promise<void> {
  const execution = await conductor.getExecution(args[0] ?? '');
  if (json) print(JSON.stringify(execution));
  else {
    const { gone } = await announcedWorkers(resolve(config.dataDir));
    printExecution(execution, print, new Set(gone.map(({ workerId }) => workerId)));
  }
}

async function showRecent(conductor: Conductor, options: Options, { print, note }: CommandContext): Promise<void> {
  const { limit, state, json } = options;
  const { totalHits, results } = await conductor.searchExecutions({
    ...(state && { query: `status=${state}` }),
    size: limit,
  });
  if (json) return print(JSON.stringify({ totalHits, results }));
  for (const { startTime, status, executionTime, workflowId, workflowType, version } of results) {
    // The server reports the duration of ended executions only. The duration of a running execution is computed here.
    const running = hasEnded(status) ? executionTime : Date.now() - Date.parse(startTime ?? '');
    const took = duration(running || 0).padStart(10);
    print(`${startTime ?? ''}  ${status.padEnd(10)} ${took}  ${workflowId}  ${workflowType} v${version}`);
  }
  note(`${results.length} of ${totalHits} executions on ${conductor.serverUrl}. Show one: ${fleetCommand} status <id>`);
}
