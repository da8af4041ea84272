import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import type { Conductor } from '../../core/conductor/api.ts';
import type { Task, TaskResult } from '../../core/conductor/types.ts';
import type { Worker } from '../../core/contract.ts';
import { FleetError } from '../../core/errors.ts';
import { aborted } from '../../core/pause.ts';
import { toTaskResult } from '../../workers/runtime/report/task-result.ts';
import { Attempt } from '../../workers/runtime/run/attempt.ts';
import { execute } from '../../workers/runtime/run/execute.ts';
import { Threads } from '../../workers/runtime/run/threads.ts';
import { parseOptions } from '../arguments/parse-options.ts';
import { withConductor } from '../connect.ts';
import { type CommandContext, defineCommand } from '../define-command.ts';
import { loadWorkers, workerSettings } from '../load-content.ts';

const optionsSchema = z.object({
  attempt: z.coerce.number().int().min(1).optional(),
  dryInput: z.boolean().default(false),
});

export default defineCommand({
  groups: ['conductor', 'server', 'content'],
  configure(command) {
    command
      .argument('<task-id>', 'Id of a task that has ended or still runs.')
      .option('--attempt <n>', 'Attempt number that the handler sees. Default: the attempt number of the task.')
      .option('--dry-input', 'Print the input of the task and run nothing.')
      .addHelpText(
        'after',
        `
Runs the handler in this process on the stored input of the task and prints the result as JSON. The server gets no result, no progress
and no log. All other effects of the handler are real and happen again.

Exit codes: 0 the handler completed the task; 1 it failed; 2 wrong usage.`,
      );
  },
  async run(context) {
    const options = parseOptions(optionsSchema, context.options, 'replay');
    const { config, args, signal, print } = context;
    const task = await withConductor(config, (conductor) => fetchTask(conductor.withSignal(signal), args[0] ?? ''));
    if (options.dryInput) return print(JSON.stringify(task.inputData));
    await replay(context, workerFor(task, await loadWorkers(config)), task, options.attempt);
  },
});

async function fetchTask(conductor: Conductor, taskId: string): Promise<Task> {
  try {
    return await conductor.getTask(taskId);
  } catch (error) {
    if (!(error instanceof FleetError) || error.code !== 'not-found') throw error;
    throw new FleetError('not-found', `There is no task "${taskId}" on ${conductor.serverUrl}.`, {
      remedy: 'List the ids of the tasks of an execution: fleet status <execution id> --json',
      cause: error,
    });
  }
}

function workerFor(task: Task, workers: readonly Worker[]): Worker {
  const worker = workers.find(({ name }) => name === task.taskType);
  if (worker) return worker;
  if (/^[A-Z][A-Z0-9_]*$/.test(task.taskType)) {
    throw new FleetError('input', `The server itself executes tasks of type ${task.taskType}; they have no worker.`, {
      remedy: 'Show the input of the task with --dry-input.',
    });
  }
  throw new FleetError('not-found', `There is no worker for "${task.taskType}" here.`, {
    remedy: `Give the folder of your workers with --tasks-dir. The folder in use has workers for: ${workers.map(({ name }) => name).join(', ')}.`,
  });
}

async function replay(context: CommandContext, worker: Worker, shown: Task, asAttempt?: number): Promise<void> {
  const { config, log, note, print, signal, exitWith } = context;
  const task = beforeItRan(shown, asAttempt);
  const attempt = new Attempt(worker, task);
  const key = `${task.workflowInstanceId}:${task.referenceTaskName}`;
  note(`Running ${task.taskType} of execution ${task.workflowInstanceId} here, as attempt ${task.retryCount + 1}.`);
  note(`Warning: the effects of the handler are real and happen again. The idempotency key is ${key}.`);
  attempt.addLog = (line) => note(`task log: ${line}`);
  void aborted(signal).then(() => attempt.abort('stopping'));
  const threads = new Threads(1);
  const taskLog = log.child({ taskType: task.taskType, taskId: task.taskId });
  try {
    const outcome = await execute(attempt, {
      log: taskLog,
      settings: workerSettings(config),
      showProgress: async (output) => note(`progress: ${JSON.stringify(output)}`),
      inThread: (input, given) => threads.run(attempt, input, given),
    });
    if (signal.aborted && outcome.kind !== 'completed') {
      throw new FleetError('cancelled', 'Stopped before the handler had ended.', {
        remedy: 'The effects that it has had so far remain. Check them before you run it again.',
      });
    }
    const result = outcome.kind === 'cancelled' ? undefined : toTaskResult(attempt, outcome, 'replay');
    const { status, outputData, reasonForIncompletion } = result ?? {};
    const sameAsServer = compare(result, shown);
    const { taskId, taskType } = task;
    print(JSON.stringify({ taskId, taskType, status, outputData, reasonForIncompletion, sameAsServer }));
    note(comparison(sameAsServer, task));
    if (status !== 'COMPLETED') exitWith(1);
  } finally {
    await threads.close();
  }
}

function comparison(same: boolean | null, { workflowInstanceId }: Task): string {
  if (same === null) return 'The server has no result of this task to compare with.';
  if (same) return 'The server has the same result.';
  return `The server has a different result. Show it: fleet status ${workflowInstanceId} --json`;
}

/** The task as the worker received it. Removes the final output, because the handler would take this output for earlier progress. */
function beforeItRan(task: Task, asAttempt: number | undefined): Task {
  const outputData = hasResult(task) ? {} : task.outputData;
  return { ...task, outputData, retryCount: asAttempt === undefined ? task.retryCount : asAttempt - 1 };
}

function hasResult({ status }: Task): boolean {
  return ['COMPLETED', 'FAILED', 'FAILED_WITH_TERMINAL_ERROR'].includes(status);
}

/** Null if there is nothing to compare, because the server or this replay has no result of a handler. */
function compare(result: TaskResult | undefined, task: Task): boolean | null {
  if (!result || !hasResult(task)) return null;
  if (result.status !== task.status) return false;
  if (result.status !== 'COMPLETED') return result.reasonForIncompletion === task.reasonForIncompletion;
  return isDeepStrictEqual(JSON.parse(JSON.stringify(result.outputData)), task.outputData);
}
