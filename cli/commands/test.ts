import { z } from 'zod';
import type { Workflow } from '../../core/contract.ts';
import { FleetError } from '../../core/errors.ts';
import { count } from '../../core/text.ts';
import { toTaskDef } from '../../workflows/manage/task-def.ts';
import { percentOf } from '../../workflows/scenario/coverage.ts';
import type { Scenarios } from '../../workflows/scenario/define-scenarios.ts';
import { runSuite, type WorkflowResult } from '../../workflows/scenario/run-suite.ts';
import { parseOptions } from '../arguments/parse-options.ts';
import { withConductor } from '../connect.ts';
import { type CommandContext, defineCommand } from '../define-command.ts';
import { loadScenarios, loadWorkflows } from '../load-content.ts';
import { reportOf, summaryOf } from '../printing/scenario-report.ts';
import { whatWasRead } from '../project.ts';

const optionsSchema = z.object({
  title: z.string().min(1).optional(),
  coverage: z.coerce.number().min(0).max(100).optional(),
  keep: z.boolean().default(false),
  json: z.boolean().default(false),
});
type Options = z.output<typeof optionsSchema>;

/** How often a long run reports its progress. */
const PROGRESS_EVERY_MS = 2_000;

export default defineCommand({
  groups: ['conductor', 'server', 'content'],
  configure(command) {
    command
      .argument('[names...]', 'Names of workflows. Default: all.')
      .option('--title <text>', 'Run only the scenarios whose title contains this text.')
      .option('--coverage <percent>', 'Exit with 1 if the scenarios reach less than this share of the workflows.')
      .option('--keep', 'Leave the executions on the server and print their ids.')
      .option('--json', 'Print the results as JSON.')
      .addHelpText(
        'after',
        `
Runs the scenarios in \`<name>.scenario.ts\` beside the definitions. The server takes the branches, repeats the loops and computes the
values. The scenario gives the results of the tasks, so no worker and no other service is called. You need not register anything. The
command deletes the executions afterwards.

Examples:
  fleet test                                          every scenario
  fleet test OrderProcessing --title "payment"        the scenarios about payments

Exit codes: 0 every scenario met its expectation; 1 a scenario did not, or the coverage is too low; 2 wrong name or option.`,
      );
  },
  async run(context) {
    const options = parseOptions(optionsSchema, context.options, 'test');
    const { config, args, print, exitWith } = context;
    const workflows = await loadWorkflows(config);
    const suites = await loadScenarios(config);
    for (const suite of suites) refuseStranger(suite, workflows);
    const names = args.filter((name) => name !== undefined);
    const chosen = withTitle(choose(workflows, names), suites, options.title);
    const results = await runChosen(context, options, workflows, chosen, suites);
    context.note(whatWasRead(config, { workflows })); // not before an error of the server, which says what to do
    const reached = percentOf(results.map(({ coverage }) => coverage));
    if (options.json) print(JSON.stringify({ workflows: results, coverage: reached }));
    else show(results, print);
    const failed = results.some(({ scenarios }) => scenarios.some(({ mistakes }) => mistakes.length > 0));
    const below = options.coverage !== undefined && reached < options.coverage;
    if (below) context.note(`The coverage is ${reached} %, but --coverage requires ${options.coverage} %.`);
    if (failed || below) exitWith(1);
  },
});

function runChosen(
  context: CommandContext,
  { title, keep }: Options,
  workflows: readonly Workflow[],
  chosen: readonly Workflow[],
  suites: readonly Scenarios[],
): Promise<WorkflowResult[]> {
  const { config, signal, note } = context;
  const own = suites.filter(({ name }) => chosen.some((workflow) => workflow.name === name));
  let progress = 'No scenario has ended yet.';
  const timer = setInterval(() => note(progress), PROGRESS_EVERY_MS);
  return withConductor(config, (conductor) =>
    runSuite(conductor, chosen, own, {
      known: { workflows, taskDefOf: toTaskDef },
      signal,
      keep,
      note,
      chosen: (candidate) => title === undefined || candidate.includes(title),
      ended: (done, all) => {
        progress = `${done} of ${count(all, 'scenario')} ended.`;
      },
    }),
  ).finally(() => clearInterval(timer));
}

/** A scenario file must test a workflow from the folder of definitions, because no other workflow is ever registered. */
function refuseStranger({ name, workflow }: Scenarios, workflows: readonly Workflow[]): void {
  if (workflows.includes(workflow)) return;
  throw new FleetError(
    'config',
    `A scenario file tests the workflow "${name}", which is not in the folder of definitions.`,
    {
      remedy: 'Import the workflow from that folder in the scenario file, or delete the scenario file.',
    },
  );
}

function choose(workflows: readonly Workflow[], names: readonly string[]): readonly Workflow[] {
  if (names.length === 0) return workflows;
  return names.map((name) => {
    const found = workflows.find((workflow) => workflow.name === name);
    if (found) return found;
    throw new FleetError('not-found', `There is no workflow "${name}" here.`, {
      remedy: `Name one of these: ${workflows.map((workflow) => workflow.name).join(', ')}.`,
    });
  });
}

/** The workflows with a scenario whose title contains `title`. Without `title`, all workflows. */
function withTitle(
  workflows: readonly Workflow[],
  suites: readonly Scenarios[],
  title: string | undefined,
): readonly Workflow[] {
  if (title === undefined) return workflows;
  const has = ({ scenarios }: Scenarios) => Object.keys(scenarios).some((candidate) => candidate.includes(title));
  const found = workflows.filter(({ name }) => suites.some((suite) => suite.name === name && has(suite)));
  if (found.length > 0) return found;
  throw new FleetError('not-found', `No scenario of these workflows has "${title}" in its title.`, {
    remedy: 'To see all titles, run `fleet test` without --title.',
  });
}

function show(results: readonly WorkflowResult[], print: CommandContext['print']): void {
  for (const result of results) for (const line of reportOf(result)) print(line);
  print();
  print(summaryOf(results));
}
