import { resolve } from 'node:path';
import { z } from 'zod';
import type { Conductor, StartRequest } from '../../core/conductor/api.ts';
import { shortageOf } from '../../core/conductor/embedded/free-space.ts';
import { followExecution } from '../../core/conductor/follow-execution.ts';
import { startChecked } from '../../core/conductor/start-checked.ts';
import { FleetError } from '../../core/errors.ts';
import { fleetCommand } from '../../core/messages/fleet-command.ts';
import { parseOptions } from '../arguments/parse-options.ts';
import { readJsonObject } from '../arguments/read-json-object.ts';
import { withConductor } from '../connect.ts';
import { defineCommand } from '../define-command.ts';
import { printExecution } from '../printing/print-execution.ts';

/** The longest delay that Node's timers accept, rounded down. */
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
      .argument('<name>', 'Name of a registered workflow.')
      .option('--input <json>', 'Input of the workflow: a JSON object, @file.json, or - for stdin (default: {}).')
      .option('--workflow-version <n>', 'Version of the definition. Default: the highest.')
      .option('--correlation-id <id>', 'Your own id for the execution, to find it later.')
      .option('--wait', 'Wait for the end and print the result. Exit with 1 unless the execution is COMPLETED.')
      .option('--timeout <seconds>', 'With --wait: longest wait. The execution continues after that time.')
      .option('--json', 'Print one JSON object instead of text.')
      .addHelpText(
        'after',
        `
Examples:
  fleet run FileProcessing --input '{"path":"README.md"}' --wait
  fleet run OrderProcessing --input @order.json --correlation-id "order 17"`,
      );
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
        if (!json) note(`Follow it: ${fleetCommand} status ${workflowId}`);
        return;
      }
      note(`Started ${name} as execution ${workflowId}.`);
      const execution = await followExecution(conductor, workflowId, {
        signal,
        note,
        timeoutSeconds: timeout,
        obstacle: () => (config.conductorServerUrl === undefined ? shortageOf(resolve(config.dataDir)) : undefined),
      });
      if (json) print(JSON.stringify(execution));
      else printExecution(execution, print);
      if (execution.status !== 'COMPLETED') exitWith(1);
    });
  },
});

/** Starts the workflow. If an interruption leaves it unknown whether the workflow started, the error says so. */
async function start(conductor: Conductor, signal: AbortSignal, request: StartRequest): Promise<string> {
  try {
    return await startChecked(conductor.withSignal(signal), request);
  } catch (error) {
    if (!signal.aborted || error !== signal.reason) throw error;
    const remedy = 'See whether it runs: fleet status';
    const message = `Stopped while ${request.name} was starting: it may or may not have started.`;
    throw new FleetError('cancelled', message, { remedy, cause: error });
  }
}
