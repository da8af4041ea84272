import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { startChecked } from '../../core/conductor/start.ts';
import { FleetError } from '../../core/errors.ts';
import { defineCommand } from '../command.ts';
import { connectConductor } from '../connect.ts';
import { followExecution, printExecution } from '../show.ts';

const options = z.object({
  input: z.string().default('{}'),
  wait: z.boolean().default(false),
  json: z.boolean().default(false),
  workflowVersion: z.coerce.number().int().positive().optional(),
  correlationId: z.string().optional(),
  timeout: z.coerce.number().positive().optional(),
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
  async run({ config, args, options: given, signal, print, note, exitWith }) {
    const flags = parseFlags(given);
    const input = readInput(flags.input);
    const conductor = await connectConductor(config);
    const workflowId = await startChecked(conductor, {
      name: args[0] ?? '',
      input,
      ...(flags.workflowVersion && { version: flags.workflowVersion }),
      ...(flags.correlationId && { correlationId: flags.correlationId }),
    });
    if (!flags.wait) {
      print(flags.json ? JSON.stringify({ workflowId }) : workflowId);
      if (!flags.json) note(`follow it: fleet status ${workflowId}`);
      return;
    }
    note(`started ${args[0]} as ${workflowId}`);
    const execution = await followExecution(conductor, workflowId, { signal, note, timeoutSeconds: flags.timeout });
    if (flags.json) print(JSON.stringify(execution));
    else printExecution(execution, print);
    if (execution.status !== 'COMPLETED') exitWith(1);
    conductor.close();
  },
});

function parseFlags(given: Readonly<Record<string, unknown>>): z.output<typeof options> {
  const parsed = options.safeParse(given);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new FleetError('input', `--${String(issue?.path[0])}: ${issue?.message}`, {
    remedy: 'See `fleet run --help`.',
  });
}

function readInput(text: string): Record<string, unknown> {
  const source = text === '-' ? readFileSync(0, 'utf8') : text.startsWith('@') ? readFile(text.slice(1)) : text;
  let value: unknown;
  try {
    value = JSON.parse(source);
  } catch (cause) {
    const remedy = `Write a JSON object in single quotes: --input '{"orderId":"o-1"}'.`;
    throw new FleetError('input', `--input is not JSON: ${(cause as Error).message}`, { remedy, cause });
  }
  const parsed = z.record(z.string(), z.unknown()).safeParse(value);
  if (!parsed.success) throw new FleetError('input', '--input must be a JSON object, e.g. \'{"orderId":"o-1"}\'.');
  return parsed.data;
}

function readFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new FleetError('input', `Cannot read ${path}: ${(cause as Error).message}`, { cause });
  }
}
