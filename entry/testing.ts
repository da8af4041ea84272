/** `conductor-fleet/testing`: what the tests of a project import. It works with any test runner. */

export type { Fleet } from '../workers/runtime/fleet.ts';
export { type FakeConductor, startFakeConductor } from '../workers/testing/fake-conductor.ts';
export type { NewTask } from '../workers/testing/fake-tasks.ts';
export {
  runTask,
  type TaskRun,
  type TaskRunOptions,
  type TaskRunRecord,
  type TaskRunResult,
} from '../workers/testing/harness.ts';
export { startTestFleet, type TestFleet } from '../workers/testing/test-fleet.ts';
export { type Finding, type KnownDefinitions, lintTaskDef, lintWorkflow } from '../workflows/lint/lint.ts';
export type { ScenarioResult, WorkflowResult } from '../workflows/scenario/run-suite.ts';
export { runScenarios, type ScenarioRunOptions } from '../workflows/testing/run-scenarios.ts';
