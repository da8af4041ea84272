import { createConductor } from '../../core/conductor/api.ts';
import { createCaller } from '../../core/conductor/connection/caller.ts';
import { loadConfig } from '../../core/config.ts';
import { withCompanions } from '../../core/content/companions.ts';
import type { Workflow } from '../../core/contract.ts';
import { toTaskDef } from '../manage/task-def.ts';
import type { Scenarios } from '../scenario/define-scenarios.ts';
import { runSuite, type WorkflowResult } from '../scenario/run-suite.ts';

/** Where scenarios run, and what else they need. */
export interface ScenarioRunOptions {
  /** Address of a Conductor server, e.g. `http://127.0.0.1:8080/api`. Default: CONDUCTOR_SERVER_URL. */
  serverUrl?: string;
  /** The workflows that this workflow starts as sub-workflows. */
  workflows?: readonly Workflow[];
  /** When it aborts, no more dry runs start. */
  signal?: AbortSignal;
}

/**
 * Runs the scenarios of one workflow as dry runs on a Conductor server, like `fleet test`. Nothing outside is called, and the executions are
 * deleted afterwards. A scenario whose `mistakes` are empty went as expected.
 * @throws FleetError `upstream` if the server cannot be reached
 * @example
 *   const { scenarios } = await runScenarios(helloWorld, { serverUrl: 'http://127.0.0.1:8080/api' });
 *   assert.deepEqual(scenarios.flatMap(({ mistakes }) => mistakes), []);
 */
export async function runScenarios(suite: Scenarios, options: ScenarioRunOptions = {}): Promise<WorkflowResult> {
  const { serverUrl, workflows = [], signal = new AbortController().signal } = options;
  const { config } = loadConfig({ flags: serverUrl === undefined ? {} : { conductorServerUrl: serverUrl } });
  const conductor = createConductor(
    createCaller({ ...config, conductorServerUrl: config.conductorServerUrl ?? 'http://127.0.0.1:8080/api' }),
  );
  const known = { workflows: withCompanions([suite.workflow, ...workflows]), taskDefOf: toTaskDef };
  try {
    const [result] = await runSuite(conductor, [suite.workflow], [suite], {
      known,
      signal,
      keep: false,
      note: () => undefined,
    });
    return result ?? { name: suite.name, scenarios: [], coverage: { points: 0, missed: [] } };
  } finally {
    conductor.close();
  }
}
