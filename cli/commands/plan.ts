import { writeFileSync } from 'node:fs';
import { z } from 'zod';
import { FleetError, messageOf } from '../../core/errors.ts';
import { isDue } from '../../workflows/manage/change.ts';
import { definitionsOf } from '../../workflows/manage/content-definitions.ts';
import { makePlan, type Plan } from '../../workflows/manage/plan.ts';
import { parseOptions } from '../arguments/parse-options.ts';
import { withConductor } from '../connect.ts';
import { defineCommand } from '../define-command.ts';
import { loadContent, workflowSettings } from '../load-content.ts';
import { planLines } from '../printing/plan-lines.ts';

const optionsSchema = z.object({
  prune: z.boolean().default(false),
  overwrite: z.boolean().default(false),
  check: z.boolean().default(false),
  all: z.boolean().default(false),
  json: z.boolean().default(false),
  out: z.string().min(1).optional(),
});

/** What `--check` ends with when the server is not as the code is. */
const DIFFERS = 3;

const HELP = `
Signs: + create or new version, ~ update, - delete, ! changed on the server and kept, ? stays though it is not in code

Exit codes: 0 the plan was made; 3 with --check, if the server differs from the code; 1 and 2 errors.
A definition that the server has changed since is kept; who runs under the old one gets a new version beside it.`;

export default defineCommand({
  groups: ['conductor', 'server', 'content'],
  configure(command) {
    command
      .option('--prune', 'also delete what was registered from code and is there no longer')
      .option('--overwrite', 'also replace definitions that somebody changed on the server')
      .option('--check', 'end with exit code 3 if the server differs from the code')
      .option('--all', 'also list what stays as it is')
      .option('--out <file>', 'write the plan to a file, for `fleet apply <file>`')
      .option('--json', 'print JSON')
      .addHelpText('after', HELP);
  },
  async run({ config, options: given, signal, print, note, exitWith }) {
    const { out, json, check, all, ...options } = parseOptions(optionsSchema, given, 'plan');
    const ours = definitionsOf(await loadContent(config), workflowSettings(config));
    const plan = await withConductor(config, (conductor) =>
      makePlan(conductor.withSignal(signal), ours, config.fleetName, options),
    );
    if (json) print(JSON.stringify(plan));
    else for (const line of planLines(plan, { all })) print(line);
    if (out !== undefined) {
      write(out, plan);
      note(`written; \`fleet apply ${out}\` does exactly this`);
    }
    if (check && differs(plan)) exitWith(DIFFERS);
  },
});

/** What is kept differs as well: somebody has to look at it. Older versions that are left beside the current ones do not. */
function differs({ changes }: Plan): boolean {
  return changes.some((change) => isDue(change) || change.action === 'keep');
}

function write(file: string, plan: Plan): void {
  try {
    writeFileSync(file, `${JSON.stringify(plan, null, 2)}\n`);
  } catch (cause) {
    throw new FleetError('config', `Cannot write ${file}: ${messageOf(cause)}`, { cause });
  }
}
