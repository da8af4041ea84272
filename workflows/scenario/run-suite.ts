import type { Conductor } from '../../core/conductor/api.ts';
import type { Workflow } from '../../core/contract.ts';
import { FleetError } from '../../core/errors.ts';
import { inParallel } from '../../core/in-parallel.ts';
import { type Coverage, coverageOf } from './coverage.ts';
import type { Scenario, Scenarios } from './define-scenarios.ts';
import { type DryRunOptions, dryRun, type InTurn, inTurn } from './dry-run.ts';
import { judge, pathOf } from './judge.ts';
import { mistakesIn } from './scenario-mistakes.ts';
import type { Trace } from './trace.ts';
import { stepsOf } from './workflow-steps.ts';

/** The result of one scenario. */
export interface ScenarioResult {
  readonly title: string;
  /** The differences from the expected result, as sentences. */
  readonly mistakes: readonly string[];
  /** The tasks that ran, in order. The list is empty if the scenario could not run. */
  readonly path: readonly string[];
  readonly durationMs: number;
  /** The id of the execution if the execution is left on the server. */
  readonly workflowId: string | undefined;
}

/** The results of all scenarios of one workflow. */
export interface WorkflowResult {
  readonly name: string;
  readonly scenarios: readonly ScenarioResult[];
  readonly coverage: Coverage;
}

export interface SuiteOptions extends DryRunOptions {
  /** Selects the scenarios to run. Default: all scenarios. */
  readonly chosen?: (title: string) => boolean;
  /** Called when a scenario has ended. */
  ended?(done: number, all: number): void;
}

/** The number of scenarios that run at the same time. With more, they would only wait for each other on the server. */
const AT_ONCE = 4;

/**
 * Runs the scenarios of these workflows, a few at a time. A workflow without scenarios gets a result too.
 * @throws FleetError `cancelled` after an interrupt, `upstream` if the server does not answer
 */
export async function runSuite(
  conductor: Conductor,
  workflows: readonly Workflow[],
  suites: readonly Scenarios[],
  options: SuiteOptions,
): Promise<WorkflowResult[]> {
  const { chosen = () => true, ended, known } = options;
  const jobs = suites.flatMap(({ workflow, scenarios }) =>
    Object.entries(scenarios)
      .filter(([title]) => chosen(title))
      .map(([title, scenario]) => ({ workflow, title, scenario })),
  );
  // Without this check, each scenario would report a dry run that it cannot remove, although no dry run has started.
  if (jobs.length > 0) await conductor.withSignal(options.signal).version();
  const cleaning = inTurn();
  let done = 0;
  const outcomes = await inParallel(jobs, AT_ONCE, async ({ workflow, title, scenario }) => {
    if (options.signal.aborted) return [];
    const outcome = await runOne(conductor, workflow, title, scenario, { ...options, cleaning });
    ended?.(++done, jobs.length);
    return [{ ...outcome, workflow }];
  });
  if (options.signal.aborted) throw new FleetError('cancelled', `Stopped after ${done} of ${jobs.length} scenarios.`);
  return workflows.map((workflow) => {
    const own = outcomes.flat().filter((outcome) => outcome.workflow.name === workflow.name);
    const traces = own.flatMap(({ trace }) => trace ?? []);
    const coverage = coverageOf(workflow, traces, known);
    return { name: workflow.name, scenarios: own.map(({ result }) => result), coverage };
  });
}

interface Outcome {
  result: ScenarioResult;
  trace?: Trace;
}

async function runOne(
  conductor: Conductor,
  workflow: Workflow,
  title: string,
  scenario: Scenario,
  options: SuiteOptions & { cleaning: InTurn },
): Promise<Outcome> {
  const startedAt = performance.now();
  const result = (mistakes: readonly string[], trace?: Trace): ScenarioResult => ({
    title,
    mistakes,
    path: trace ? pathOf(trace) : [],
    durationMs: Math.round(performance.now() - startedAt),
    workflowId: options.keep ? trace?.execution.workflowId : undefined,
  });
  const written = mistakesIn(workflow, scenario, options.known);
  if (written.length > 0) return { result: result(written) };
  try {
    const trace = await dryRun(conductor, workflow, scenario, options);
    return { result: result(judge(trace, scenario, stepsOf(workflow, options.known)), trace), trace };
  } catch (error) {
    // If the server is gone or denies access, this is not the fault of the scenario, so the error is thrown.
    if (!(error instanceof FleetError) || ['cancelled', 'denied'].includes(error.code)) throw error;
    await conductor.version();
    return { result: result([`The server did not run this scenario: ${error.message}`]) };
  }
}
