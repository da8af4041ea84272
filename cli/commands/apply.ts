import { once } from 'node:events';
import { createInterface } from 'node:readline/promises';
import { z } from 'zod';
import type { Conductor } from '../../core/conductor/api.ts';
import { FleetError } from '../../core/errors.ts';
import { count } from '../../core/text.ts';
import { apply } from '../../workflows/manage/apply.ts';
import type { Outcome } from '../../workflows/manage/carry-out.ts';
import { type Action, labelOf } from '../../workflows/manage/change.ts';
import { definitionsOf } from '../../workflows/manage/content-definitions.ts';
import { dueIn, makePlan, type Plan, parsePlan } from '../../workflows/manage/plan.ts';
import { parseOptions } from '../arguments/parse-options.ts';
import { readText } from '../arguments/text-file.ts';
import { withConductor } from '../connect.ts';
import { type CommandContext, defineCommand } from '../define-command.ts';
import { loadContent, workflowSettings } from '../load-content.ts';
import { planLines } from '../printing/plan-lines.ts';
import { whatWasRead } from '../project.ts';

const optionsSchema = z.object({
  prune: z.boolean().default(false),
  overwrite: z.boolean().default(false),
  yes: z.boolean().default(false),
  wait: z.coerce.number().nonnegative().max(3_600).default(0),
  json: z.boolean().default(false),
});
type Options = z.output<typeof optionsSchema>;

const HELP = `
Without a file, the command makes a plan, shows it and asks. With a file, it carries out exactly the plan that \`fleet plan --out\`
wrote. It refuses if the server has changed since then. If an apply was interrupted, the next apply finishes it. If two applies run at
the same time, one works and the other reports who holds the lock.

Examples:
  fleet apply                      plan, ask, and register
  fleet apply --yes                the same without asking, for scripts
  fleet plan --out plan.json       write a plan for review ...
  fleet apply plan.json            ... and carry it out

Exit codes: 0 the server is as planned; 1 the apply failed or was declined; 2 wrong usage.`;

export default defineCommand({
  groups: ['conductor', 'server', 'content'],
  configure(command) {
    command
      .argument('[plan]', 'Plan file that `fleet plan --out` wrote.')
      .option('--yes', 'Do not ask. Required without a terminal.')
      .option('--prune', 'Also delete definitions that this code registered earlier and no longer contains.')
      .option('--overwrite', 'Also replace definitions that were changed on the server.')
      .option('--wait <seconds>', 'Longest wait for another apply to end, 0 to 3600 (default: 0).')
      .option('--json', 'Print the outcome of each change as JSON.')
      .addHelpText('after', HELP);
  },
  async run(context) {
    const options = parseOptions(optionsSchema, context.options, 'apply');
    await withConductor(context.config, (conductor) => planAndApply(conductor, options, context));
  },
});

async function planAndApply(conductor: Conductor, options: Options, context: CommandContext): Promise<void> {
  const { signal, print, note, exitWith } = context;
  const plan = await planFor(conductor, options, context);
  const show = options.json ? () => undefined : print;
  for (const line of planLines(plan)) show(line);
  const due = dueIn(plan).length;
  if (due > 0 && !options.yes && !(await isAllowed(due, options, context))) {
    note('Nothing was written.');
    return exitWith(1);
  }
  const report = ({ change, result }: Outcome) =>
    show(`${result === 'done' ? DONE[change.action] : 'already there'}: ${labelOf(change)}`);
  const outcomes = await apply(conductor, plan, { signal, note, report, waitMs: options.wait * 1_000 });
  if (options.json) print(JSON.stringify(outcomes.map(asJson)));
}

async function planFor(
  conductor: Conductor,
  options: Options,
  { config, args, signal, note }: CommandContext,
): Promise<Plan> {
  const [file] = args;
  if (file === undefined) {
    const content = await loadContent(config);
    note(whatWasRead(config, { workflows: content.workflows, workers: content.tasks }));
    const ours = definitionsOf(content, workflowSettings(config));
    return makePlan(conductor.withSignal(signal), ours, config.fleetName, options);
  }
  if (options.prune || options.overwrite) {
    throw new FleetError('input', '--prune and --overwrite cannot change a plan that is already in a file.', {
      remedy: 'Leave them out here, or give them to `fleet plan --out` and apply the new file.',
    });
  }
  return parsePlan(readText(file, 'Give a file that `fleet plan --out <file>` wrote.'), file);
}

/** Asks the person at the terminal. @throws FleetError `input` without a terminal */
async function isAllowed(due: number, { json }: Options, { signal }: CommandContext): Promise<boolean> {
  if (json || !process.stdin.isTTY || !process.stderr.isTTY) {
    const why = json ? '--json asks no questions' : 'there is no terminal for the question';
    throw new FleetError('input', `Nothing was written. ${count(due, 'change')} must be confirmed, and ${why}.`, {
      remedy: 'To make the changes without a question, add --yes.',
    });
  }
  // In terminal mode, readline would read Ctrl-C as a key, and the process would get no signal.
  const lines = createInterface({ input: process.stdin, output: process.stderr, terminal: false });
  try {
    const closed = once(lines, 'close', { signal }).then(() => 'no');
    const asked = lines.question(`Make ${count(due, 'change')}? Type "yes" to go ahead: `, { signal });
    const answer = await Promise.race([asked, closed]);
    return answer.trim().toLowerCase() === 'yes';
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    lines.close();
  }
}

const DONE: Partial<Record<Action, string>> = {
  create: 'created',
  update: 'updated',
  'new-version': 'created',
  delete: 'deleted',
};

function asJson({ change: { kind, name, version, action }, result }: Outcome): object {
  return { kind, name, ...(version !== undefined && { version }), action, result };
}
