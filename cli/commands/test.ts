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

const optionsSchema = z.object({
  title: z.string().min(1).optional(),
  coverage: z.coerce.number().min(0).max(100).optional(),
  keep: z.boolean().default(false),
  json: z.boolean().default(false),
});
type Options = z.output<typeof optionsSchema>;

/** Nothing longer than this goes by without a word. */
const PROGRESS_EVERY_MS = 2_000;

export default defineCommand({
  groups: ['conductor', 'server', 'content'],
  configure(command) {
    command
      .argument('[names...]', 'only these workflows; default: all')
      .option('--title <text>', 'only scenarios whose title contains this')
      .option('--coverage <percent>', 'exit with 1 if the scenarios reach less than this of the workflows')
      .option('--keep', 'leave the executions on the server and print their ids')
      .option('--json', 'print the results as JSON')
      .addHelpText(
        'after',
        `
Runs the scenarios in \`<name>.scenario.ts\` beside the definitions, on the server, with the answers that they give for the tasks. The
server takes the branches, repeats the loops and computes the values; nothing outside is called, nothing needs to be registered, and
the executions are removed afterwards. Exit code 0 if every scenario came to what it expects, 1 if not, 2 for a wrong name or option.`,
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
    const reached = percentOf(results.map(({ coverage }) => coverage));
    if (options.json) print(JSON.stringify({ workflows: results, coverage: reached }));
    else show(results, print);
    const failed = results.some(({ scenarios }) => scenarios.some(({ mistakes }) => mistakes.length > 0));
    const below = options.coverage !== undefined && reached < options.coverage;
    if (below) context.note(`coverage is ${reached} %, and ${options.coverage} % are asked for`);
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
  let progress = 'no scenario has ended yet';
  const timer = setInterval(() => note(progress), PROGRESS_EVERY_MS);
  return withConductor(config, (conductor) =>
    runSuite(conductor, chosen, own, {
      known: { workflows, taskDefOf: toTaskDef },
      signal,
      keep,
      note,
      chosen: (candidate) => title === undefined || candidate.includes(title),
      ended: (done, all) => {
        progress = `${done} of ${count(all, 'scenario')}`;
      },
    }),
  ).finally(() => clearInterval(timer));
}

/** A scenario file whose workflow is no longer among the definitions would test what nobody registers. */
function refuseStranger({ name, workflow }: Scenarios, workflows: readonly Workflow[]): void {
  if (workflows.includes(workflow)) return;
  throw new FleetError('config', `There are scenarios for ${name}, which is not among the definitions.`, {
    remedy: 'Import the workflow of the definitions in the scenario file, or remove the file.',
  });
}

function choose(workflows: readonly Workflow[], names: readonly string[]): readonly Workflow[] {
  if (names.length === 0) return workflows;
  return names.map((name) => {
    const found = workflows.find((workflow) => workflow.name === name);
    if (found) return found;
    throw new FleetError('not-found', `There is no workflow ${name} here.`, {
      remedy: `There are ${workflows.map((workflow) => workflow.name).join(', ')}.`,
    });
  });
}

/** The workflows that have a scenario of this title; all of them where there is no title to look for. */
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
    remedy: 'Without --title, `fleet test` shows all of them.',
  });
}

function show(results: readonly WorkflowResult[], print: CommandContext['print']): void {
  for (const result of results) for (const line of reportOf(result)) print(line);
  print();
  print(summaryOf(results));
}
