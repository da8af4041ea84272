import { z } from 'zod';
import type { Conductor, StartRequest } from '../../core/conductor/api.ts';
import { followExecution } from '../../core/conductor/follow-execution.ts';
import { startChecked } from '../../core/conductor/start-checked.ts';
import { FleetError } from '../../core/errors.ts';
import { parseOptions } from '../arguments/parse-options.ts';
import { readJsonObject } from '../arguments/read-json-object.ts';
import { withConductor } from '../connect.ts';
import { defineCommand } from '../define-command.ts';
import { printExecution } from '../printing/print-execution.ts';

/** Timers cannot run longer. */
const MAX_TIMEOUT_SECONDS = 2_000_000;

const optionsSchema = z.object({
  input: z.string().default('{}'),
  wait: z.boolean().default(false),
  json: z.boolean().default(false),
  workflowVersion: z.coerce.number().int().positive().optional(),
  correlationId: z.string().optional(),
  timeout: z.coerce.number().positive().max(MAX_TIMEOUT_SECONDS).optional(),
});

export default defineCommand({
  groups: ['conductor', 'server'],
  configure(command) {
    command
      .argument('<name>', 'name of a registered workflow')
      .option('--input <json>', 'its input: a JSON object, @file.json, or - for stdin')
      .option('--workflow-version <n>', 'version of the definition; the highest if not given')
      .option('--correlation-id <id>', 'your own key, to find the execution again')
      .option('--wait', 'wait for the end and print the result; exit code 1 unless it is COMPLETED')
      .option('--timeout <seconds>', 'with --wait: stop waiting after so long; the execution goes on')
      .option('--json', 'print one JSON object instead of text');
  },
  async run({ config, args, options, signal, print, note, exitWith }) {
    const { wait, json, workflowVersion, correlationId, timeout, ...given } = parseOptions(
      optionsSchema,
      options,
      'run',
    );
    const input = readJsonObject(given.input, { flag: '--input', example: '{"orderId":"o-1"}' });
    const name = args[0] ?? '';
    await withConductor(config, async (conductor) => {
      const workflowId = await start(conductor, signal, {
        name,
        input,
        ...(workflowVersion && { version: workflowVersion }),
        ...(correlationId && { correlationId }),
      });
      if (!wait) {
        print(json ? JSON.stringify({ workflowId }) : workflowId);
        if (!json) note(`follow it: fleet status ${workflowId}`);
        return;
      }
      note(`started ${name} as ${workflowId}`);
      const execution = await followExecution(conductor, workflowId, { signal, note, timeoutSeconds: timeout });
      if (json) print(JSON.stringify(execution));
      else printExecution(execution, print);
      if (execution.status !== 'COMPLETED') exitWith(1);
    });
  },
});

/** Starts it, and says so if an interruption leaves open whether it was started. */
async function start(conductor: Conductor, signal: AbortSignal, request: StartRequest): Promise<string> {
  try {
    return await startChecked(conductor.withSignal(signal), request);
  } catch (error) {
    if (!signal.aborted || error !== signal.reason) throw error;
    const remedy = 'See with `fleet status` whether it runs.';
    throw new FleetError('cancelled', `Stopped while ${request.name} was being started.`, { remedy, cause: error });
  }
}
