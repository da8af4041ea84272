import { z } from 'zod';
import type { Conductor } from '../core/conductor/api.ts';
import { followExecution } from '../core/conductor/follow-execution.ts';
import { startChecked } from '../core/conductor/start-checked.ts';
import { FleetError } from '../core/errors.ts';
import { parseOptions } from './arguments/parse-options.ts';
import { readJsonObject } from './arguments/read-json-object.ts';
import type { CommandContext } from './define-command.ts';
import { printExecution } from './printing/print-execution.ts';

/** The workflow that `fleet up --run` starts once everything is up. */
export interface FirstRun {
  readonly name: string;
  readonly input: Record<string, unknown>;
}

const optionsSchema = z.object({ run: z.string().min(1).optional(), input: z.string().optional() });

/** The first run that the flags ask for. Read before anything starts, so that a mistake in them costs no time. */
export function firstRunOf({ options }: Pick<CommandContext, 'options'>): FirstRun | undefined {
  const { run: name, input } = parseOptions(optionsSchema, options, 'up');
  if (name !== undefined) {
    return { name, input: readJsonObject(input ?? '{}', { flag: '--input', example: '{"name":"Ada"}' }) };
  }
  if (input === undefined) return undefined;
  throw new FleetError('input', '--input needs a workflow that takes it.', { remedy: 'Name it: --run <workflow>' });
}

/** Runs the workflow to its end and prints the execution. Returns false unless it is COMPLETED. */
export async function runFirst(
  conductor: Conductor,
  { name, input }: FirstRun,
  { signal, print, note }: Pick<CommandContext, 'signal' | 'print' | 'note'>,
): Promise<boolean> {
  const workflowId = await startChecked(conductor.withSignal(signal), { name, input });
  note(`Started ${name} as execution ${workflowId}.`);
  const execution = await followExecution(conductor, workflowId, { signal, note });
  printExecution(execution, print);
  return execution.status === 'COMPLETED';
}
