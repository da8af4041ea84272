import { z } from 'zod';
import { workflowStatuses } from '../../core/conductor/types.ts';
import { FleetError } from '../../core/errors.ts';
import { duration } from '../../core/text.ts';
import { defineCommand } from '../command.ts';
import { connectConductor } from '../connect.ts';
import { printExecution } from '../show.ts';

const options = z.object({
  limit: z.coerce.number().int().min(1).max(100).default(20),
  state: z.enum(workflowStatuses).optional(),
  json: z.boolean().default(false),
});

export default defineCommand({
  groups: ['conductor', 'server'],
  configure(command) {
    command
      .argument('[id]', 'show this execution with its tasks')
      .option('--limit <n>', 'how many executions, 1 to 100')
      .option('--state <status>', `only those that are ${workflowStatuses.join(', ')}`)
      .option('--json', 'print JSON');
  },
  async run({ config, args, options: given, print, note }) {
    const flags = options.safeParse(given);
    if (!flags.success) {
      const issue = flags.error.issues[0];
      throw new FleetError('input', `--${String(issue?.path[0])}: ${issue?.message}`, {
        remedy: 'See `fleet status --help`.',
      });
    }
    const { limit, state, json } = flags.data;
    const conductor = await connectConductor(config);
    if (args[0]) {
      const execution = await conductor.getExecution(args[0]);
      if (json) print(JSON.stringify(execution));
      else printExecution(execution, print);
    } else {
      const query = state ? { query: `status=${state}` } : {};
      const { totalHits, results } = await conductor.searchExecutions({ ...query, size: limit });
      if (json) print(JSON.stringify({ totalHits, results }));
      else {
        for (const row of results) {
          const took = duration(row.executionTime).padStart(10);
          print(
            `${row.startTime ?? ''}  ${row.status.padEnd(10)} ${took}  ${row.workflowId}  ${row.workflowType} v${row.version}`,
          );
        }
        note(`${results.length} of ${totalHits} executions on ${conductor.serverUrl}; \`fleet status <id>\` shows one`);
      }
    }
    conductor.close();
  },
});
