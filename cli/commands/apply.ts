import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline/promises';
import { z } from 'zod';
import type { Conductor } from '../../core/conductor/api.ts';
import { FleetError, messageOf } from '../../core/errors.ts';
import { count } from '../../core/text.ts';
import { apply } from '../../workflows/manage/apply.ts';
import type { Outcome } from '../../workflows/manage/carry-out.ts';
import { type Action, labelOf } from '../../workflows/manage/change.ts';
import { definitionsOf } from '../../workflows/manage/content-definitions.ts';
import { dueIn, makePlan, type Plan, parsePlan } from '../../workflows/manage/plan.ts';
import { parseOptions } from '../arguments/parse-options.ts';
import { withConductor } from '../connect.ts';
import { type CommandContext, defineCommand } from '../define-command.ts';
import { loadContent, workflowSettings } from '../load-content.ts';
import { planLines } from '../printing/plan-lines.ts';

const optionsSchema = z.object({
  prune: z.boolean().default(false),
  overwrite: z.boolean().default(false),
  yes: z.boolean().default(false),
  wait: z.coerce.number().nonnegative().max(3_600).default(0),
  json: z.boolean().default(false),
});
type Options = z.output<typeof optionsSchema>;

const HELP = `
With a file it does exactly the plan that \`fleet plan --out\` wrote, and refuses if the server has changed since; without one it
plans first. An apply that was interrupted is finished by the next one. Two at once: one works, the other says who holds the lock.

Exit codes: 0 the server is as planned; 1 it failed or was declined; 2 wrong usage.`;

export default defineCommand({
  groups: ['conductor', 'server', 'content'],
  configure(command) {
    command
      .argument('[plan]', 'file that `fleet plan --out` wrote')
      .option('--yes', 'do not ask; needed where nobody can answer')
      .option('--prune', 'also delete what was registered from code and is there no longer')
      .option('--overwrite', 'also replace definitions that somebody changed on the server')
      .option('--wait <seconds>', 'wait so long for another apply to end')
      .option('--json', 'print JSON: what was done')
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
    show(`${result === 'done' ? DONE[change.action] : 'was there already'}: ${labelOf(change)}`);
  const outcomes = await apply(conductor, plan, { signal, note, report, waitMs: options.wait * 1_000 });
  if (options.json) print(JSON.stringify(outcomes.map(asJson)));
}

async function planFor(
  conductor: Conductor,
  options: Options,
  { config, args, signal }: CommandContext,
): Promise<Plan> {
  const [file] = args;
  if (file === undefined) {
    const ours = definitionsOf(await loadContent(config), workflowSettings(config));
    return makePlan(conductor.withSignal(signal), ours, config.fleetName, options);
  }
  if (options.prune || options.overwrite) {
    throw new FleetError('input', 'A plan in a file has decided already what is deleted and overwritten.', {
      remedy: 'Give --prune and --overwrite to `fleet plan --out`.',
    });
  }
  return parsePlan(read(file), file);
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new FleetError('input', `Cannot read ${file}: ${messageOf(cause)}`, { cause });
  }
}

/** Asks the person at the terminal. @throws FleetError `input` where there is none */
async function isAllowed(due: number, { json }: Options, { signal }: CommandContext): Promise<boolean> {
  if (json || !process.stdin.isTTY || !process.stderr.isTTY) {
    throw new FleetError('input', `Nobody can be asked whether to make ${count(due, 'change')}.`, {
      remedy: 'Nothing was written. Give --yes to go ahead.',
    });
  }
  // Without a mode of its own for the terminal: there Ctrl-C would be a key that nobody listens to.
  const lines = createInterface({ input: process.stdin, output: process.stderr, terminal: false });
  try {
    const closed = once(lines, 'close', { signal }).then(() => 'no');
    const asked = lines.question(`Make ${count(due, 'change')}? Only "yes" is taken for an answer: `, { signal });
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
