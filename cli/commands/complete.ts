import { z } from 'zod';
import type { Conductor } from '../../core/conductor/api.ts';
import { type Execution, hasEnded, type Task } from '../../core/conductor/types.ts';
import { answerTask, isWaiting, waitingAmong } from '../../core/conductor/waiting-tasks.ts';
import { FleetError, orUndefined } from '../../core/errors.ts';
import { fleetCommand } from '../../core/messages/fleet-command.ts';
import { duration } from '../../core/text.ts';
import { mustAskAsShown, RECORD_FIELDS, recordOf } from '../../mcp/operate/approval-record.ts';
import { aboutOf, executionLine } from '../../mcp/operate/decision.ts';
import { longestFirst } from '../../mcp/operate/pending-tasks.ts';
import { startersOf } from '../../mcp/operate/starter.ts';
import { parseOptions } from '../arguments/parse-options.ts';
import { readJsonObject } from '../arguments/read-json-object.ts';
import { withConductor } from '../connect.ts';
import { type CommandContext, defineCommand } from '../define-command.ts';

const optionsSchema = z.object({
  output: z.string().default('{}'),
  fail: z.string().min(1).optional(),
  limit: z.coerce.number().int().min(1).max(100).default(20),
  json: z.boolean().default(false),
});
type Options = z.output<typeof optionsSchema>;

export default defineCommand({
  groups: ['conductor', 'server'],
  configure(command) {
    command
      .argument('[id]', 'Id of the execution that waits. Without it, list the tasks that wait for a person.')
      .argument('[ref]', 'Reference name of the waiting task. Not needed if only one task waits.')
      .option('--output <json>', "The task's output: a JSON object, @file.json, or - for stdin (default: {}).")
      .option('--fail <reason>', 'Fail the task instead of completing it. The workflow then fails too.')
      .option('--limit <n>', 'Without an id: number of tasks to list, 1 to 100 (default: 20).')
      .option('--json', 'Print JSON.')
      .addHelpText(
        'after',
        `
You can also complete a task that waits for a signal (WAIT). The list shows only tasks that wait for a person (HUMAN). Who completes a
HUMAN task decides it: its output then holds the record of the decision, as decide_approval of the MCP server writes it. The decider is
MCP_USER (default: local).

Examples:
  fleet complete                                              list the tasks that wait for a person
  fleet complete <id> approve --output '{"approved":true}'    complete the task "approve"
  fleet complete <id> approve --fail "too expensive"          fail it with a reason`,
      );
  },
  async run(context) {
    const options = parseOptions(optionsSchema, context.options, 'complete');
    const [id, ref] = context.args;
    await withConductor(context.config, (conductor) => {
      const calls = conductor.withSignal(context.signal);
      return id === undefined ? list(calls, options, context) : complete(calls, { id, ref }, options, context);
    });
  },
});

async function list(conductor: Conductor, { limit, json }: Options, { print, note }: CommandContext): Promise<void> {
  const query = 'taskType=HUMAN AND status=IN_PROGRESS';
  const { totalHits, results } = await conductor.searchTasks({ query, size: limit, oldestFirst: true });
  // The search index may still list a task whose execution was removed. Reading that task then finds nothing.
  const tasks = await Promise.all(results.map(({ taskId }) => orUndefined(conductor.getTask(taskId))));
  const open = tasks.filter((task) => task !== undefined).filter(isWaiting);
  open.sort((a, b) => longestFirst(waitOf(a), waitOf(b))); // as `list_pending_approvals` sorts them
  if (json) return print(JSON.stringify({ totalHits, results: open }));
  for (const { workflowInstanceId, referenceTaskName, workflowType, startTime, inputData } of open) {
    const since = duration(Date.now() - startTime).padStart(9);
    print(
      `${workflowInstanceId}  ${referenceTaskName.padEnd(20)} ${since}  ${workflowType} ${JSON.stringify(inputData)}`,
    );
  }
  note(
    `${open.length} of ${totalHits} waiting tasks. Complete one: ${fleetCommand} complete <id> <ref> --output '{…}'`,
  );
}

const waitOf = ({ taskId, startTime }: Task) => ({ taskId, since: startTime });

async function complete(
  conductor: Conductor,
  { id, ref }: { id: string; ref: string | undefined },
  { output, fail, json }: Options,
  { config, print, note }: CommandContext,
): Promise<void> {
  const given = readJsonObject(output, { flag: '--output', example: '{"approved":true}' });
  const execution = await conductor.getExecution(id);
  const task = waitingTask(execution, ref);
  const shown = `${task.referenceTaskName} asks about: ${aboutOf(task)}\n${executionLine(execution)}`;
  note(shown);
  const decider = { id: config.mcpUser, name: config.mcpUser, knownBy: 'command line' as const };
  const isDecision = task.taskType === 'HUMAN';
  const starters = isDecision ? await startersOf(conductor, execution) : [];
  if (isDecision) refuseRecordFields(given);
  const { status } = await answerTask(conductor, task, (now) => {
    mustAskAsShown(now, task);
    return {
      status: fail === undefined ? 'COMPLETED' : 'FAILED_WITH_TERMINAL_ERROR',
      outputData: {
        ...given,
        ...(isDecision && fail !== undefined && { approved: false, reason: fail }),
        ...(isDecision && recordOf({ decider, shown, starters })),
      },
      ...(fail !== undefined && { reasonForIncompletion: fail }),
    };
  });
  print(
    json
      ? JSON.stringify({ workflowId: id, taskReferenceName: task.referenceTaskName, status })
      : `${task.referenceTaskName} ${status}`,
  );
  if (!json) note(`The execution continues. Follow it: ${fleetCommand} status ${id}`);
}

/** The record of a decision says who decided. The decider does not write it. */
function refuseRecordFields(output: Readonly<Record<string, unknown>>): void {
  const ours = RECORD_FIELDS.filter((field) => field in output);
  if (ours.length === 0) return;
  throw new FleetError('input', `--output must not hold ${ours.join(', ')}: the command writes these fields itself.`, {
    remedy: 'Leave them out. MCP_USER names the person who decides.',
  });
}

/** Finds the waiting task of an execution. @throws FleetError if not exactly one task waits */
function waitingTask(execution: Execution, ref: string | undefined): Task {
  const { workflowId: id } = execution;
  const open = waitingAmong(execution.tasks);
  const names = open.map(({ referenceTaskName }) => referenceTaskName).join(', ');
  const candidates = ref === undefined ? open : open.filter(({ referenceTaskName }) => referenceTaskName === ref);
  const [task] = candidates;
  if (task && candidates.length === 1) return task;
  if (task) throw new FleetError('input', `Several tasks of execution ${id} wait.`, { remedy: `Name one: ${names}.` });
  if (hasEnded(execution.status)) {
    throw new FleetError('conflict', `Execution ${id} has ended (${execution.status}), so none of its tasks waits.`, {
      remedy: 'List the tasks that wait: fleet complete',
    });
  }
  const what = ref === undefined ? 'No task' : `No task "${ref}"`;
  throw new FleetError('conflict', `${what} of execution ${id} waits for a person or a signal.`, {
    remedy: open.length > 0 ? `These tasks wait: ${names}.` : `See its state: fleet status ${id}`,
  });
}
