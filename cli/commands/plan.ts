import { z } from 'zod';
import { fleetCommand } from '../../core/messages/fleet-command.ts';
import { isDue } from '../../workflows/manage/change.ts';
import { definitionsOf } from '../../workflows/manage/content-definitions.ts';
import { makePlan, type Plan } from '../../workflows/manage/plan.ts';
import { parseOptions } from '../arguments/parse-options.ts';
import { writeOut } from '../arguments/text-file.ts';
import { withConductor } from '../connect.ts';
import { defineCommand } from '../define-command.ts';
import { loadContent, workflowSettings } from '../load-content.ts';
import { planLines } from '../printing/plan-lines.ts';
import { whatWasRead } from '../project.ts';

const optionsSchema = z.object({
  prune: z.boolean().default(false),
  overwrite: z.boolean().default(false),
  check: z.boolean().default(false),
  all: z.boolean().default(false),
  json: z.boolean().default(false),
  out: z.string().min(1).optional(),
});

/** Exit code of `--check` if the server differs from the code. */
const DIFFERS = 3;

const HELP = `
Signs:
  +  create the definition, or add a new version beside the version that executions still use
  ~  update the definition
  -  delete the definition
  !  keep the definition, because it was changed on the server
  ?  leave the definition, although it is no longer in code

Examples:
  fleet plan                       show what \`fleet apply\` would do
  fleet plan --check               the same for a pipeline: exit code 3 if the server differs
  fleet plan --out plan.json       write the plan to a file for \`fleet apply plan.json\`

Exit codes: 0 the plan was made; 3 with --check, if the server differs from the code; 1 and 2 errors.`;

export default defineCommand({
  groups: ['conductor', 'server', 'content'],
  configure(command) {
    command
      .option('--prune', 'Also delete definitions that this code registered earlier and no longer contains.')
      .option('--overwrite', 'Also replace definitions that were changed on the server.')
      .option('--check', 'Exit with 3 if the server differs from the code.')
      .option('--all', 'Also list the definitions that stay as they are.')
      .option('--out <file>', 'Write the plan to a file, for `fleet apply <file>`.')
      .option('--json', 'Print JSON.')
      .addHelpText('after', HELP);
  },
  async run({ config, options: given, signal, print, note, exitWith }) {
    const { out, json, check, all, ...options } = parseOptions(optionsSchema, given, 'plan');
    const content = await loadContent(config);
    note(whatWasRead(config, { workflows: content.workflows, workers: content.tasks }));
    const ours = definitionsOf(content, workflowSettings(config));
    const plan = await withConductor(config, (conductor) =>
      makePlan(conductor.withSignal(signal), ours, config.fleetName, options),
    );
    if (json) print(JSON.stringify(plan));
    else for (const line of planLines(plan, { all })) print(line);
    if (out !== undefined) {
      writeOut(out, `${JSON.stringify(plan, null, 2)}\n`);
      note(`Wrote the plan to ${out}. Carry it out: ${fleetCommand} apply ${out}`);
    }
    if (check && differs(plan)) exitWith(DIFFERS);
  },
});

/**
 * True if `apply` would change a definition. A definition that `apply` keeps also counts, because a person has to look at it. Older
 * versions of a definition do not count.
 */
function differs({ changes }: Plan): boolean {
  return changes.some((change) => isDue(change) || change.action === 'keep');
}
