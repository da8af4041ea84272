import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import type { Conductor } from '../../core/conductor/api.ts';
import type { Task, TaskResult } from '../../core/conductor/types.ts';
import type { Worker } from '../../core/contract.ts';
import { aborted } from '../../core/drain.ts';
import { FleetError } from '../../core/errors.ts';
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
      .argument('<task-id>', 'a task of the past, or one that runs')
      .option('--attempt <n>', 'let the handler believe it is this attempt; default: the one the task was')
      .option('--dry-input', 'print the input of the task and run nothing')
      .addHelpText(
        'after',
        `
Runs the handler in this process on the input the task really had, and prints what it comes to as JSON. The server is told nothing: no
result, no progress, no log. Whatever else the handler does, it does for real and once more. Exit code 0 if the task is completed, else 1.`,
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
    throw new FleetError('not-found', `There is no task ${taskId} on ${conductor.serverUrl}.`, {
      remedy: '`fleet status <workflow id> --json` shows the ids of its tasks.',
      cause: error,
    });
  }
}

function workerFor(task: Task, workers: readonly Worker[]): Worker {
  const worker = workers.find(({ name }) => name === task.taskType);
  if (worker) return worker;
  if (/^[A-Z][A-Z0-9_]*$/.test(task.taskType)) {
    throw new FleetError('input', `The task is of type ${task.taskType}, which the server itself executes.`, {
      remedy: 'Only tasks that a worker executes can be run again; `--dry-input` shows its input.',
    });
  }
  throw new FleetError('not-found', `There is no worker for ${task.taskType} here.`, {
    remedy: `There are ${workers.map(({ name }) => name).join(', ')}; name the folder of yours with --tasks-dir.`,
  });
}

async function replay(context: CommandContext, worker: Worker, shown: Task, asAttempt?: number): Promise<void> {
  const { config, log, note, print, signal, exitWith } = context;
  const task = beforeItRan(shown, asAttempt);
  const attempt = new Attempt(worker, task);
  const key = `${task.workflowInstanceId}:${task.referenceTaskName}`;
  note(`running ${task.taskType} of ${task.workflowInstanceId} here, as attempt ${task.retryCount + 1}`);
  note(`warning: what the handler does is done for real and once more, under the idempotency key ${key}`);
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
        remedy: 'What it had done by then is done.',
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
  if (same === null) return 'the server has no result of it to compare with';
  if (same) return 'the server has the same';
  return `the server has something else: \`fleet status ${workflowInstanceId} --json\` shows it`;
}

/** The task as it was handed out: what it came to must not look like the progress of a delivery before. */
function beforeItRan(task: Task, asAttempt: number | undefined): Task {
  const outputData = hasResult(task) ? {} : task.outputData;
  return { ...task, outputData, retryCount: asAttempt === undefined ? task.retryCount : asAttempt - 1 };
}

function hasResult({ status }: Task): boolean {
  return ['COMPLETED', 'FAILED', 'FAILED_WITH_TERMINAL_ERROR'].includes(status);
}

/** Null where the server has nothing that a handler said. */
function compare(result: TaskResult | undefined, task: Task): boolean | null {
  if (!result || !hasResult(task)) return null;
  if (result.status !== task.status) return false;
  if (result.status !== 'COMPLETED') return result.reasonForIncompletion === task.reasonForIncompletion;
  return isDeepStrictEqual(JSON.parse(JSON.stringify(result.outputData)), task.outputData);
}
