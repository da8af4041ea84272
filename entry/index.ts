/**
 * `conductor-fleet`: everything that tasks, workflows and MCP tools of a project import. Content of this repository imports it too.
 *
 * It loads only what content needs: no worker runtime, no MCP server, no client of the Conductor server.
 */

// Declares JSON.rawJSON, which `fleet pull` writes for an integer beyond 2^53.
import '../core/json.ts';

/** zod, in the version that this package reads schemas with. Import it from here, so that no second version is involved. */
export { z } from 'zod';
export type { Conductor } from '../core/conductor/api.ts';
export type { McpOffer } from '../core/content/mcp-offer.ts';
export {
  type AbortReason,
  defineTask,
  type EventHandler,
  fromSetting,
  jsonSchema,
  type Schedule,
  TaskAbortedError,
  type TaskContext,
  type TaskContract,
  type TaskOptions,
  type TaskPolicy,
  type TaskSpec,
  type Worker,
  type WorkerOptions,
  type WorkerSettings,
  type Workflow,
  type WorkflowSettings,
} from '../core/contract.ts';
export { type ErrorCode, FleetError, type FleetErrorOptions, NonRetryableError } from '../core/errors.ts';
export type { Logger, LogLevel, Say } from '../core/log.ts';
export type { Permission } from '../mcp/admission/permissions.ts';
export {
  defineTool,
  type Link,
  type Progress,
  type ReadContext,
  type Tool,
  type ToolAnnotations,
  type ToolAnswer,
  type ToolContext,
  type ToolSpec,
} from '../mcp/engine/define-tool.ts';
export type { Toolset } from '../mcp/engine/toolsets.ts';
export type { Completer } from '../mcp/reading/completers.ts';
export { definePrompt, type Part, type Prompt, type PromptSpec } from '../mcp/reading/define-prompt.ts';
export { defineResource, type Reading, type Resource, type ResourceSpec } from '../mcp/reading/define-resource.ts';
export { callHttp, type HttpAnswer, type HttpCall } from '../workers/effects/call-http.ts';
export { type Claim, type Delivery, type Ledger, once, onceInside } from '../workers/effects/once.ts';
export { SqliteLedger } from '../workers/effects/once-sqlite.ts';
export type { Callable, QueuedPlacement, Step, TaskPlacement } from '../workflows/dsl/builder-types.ts';
export {
  defineEventHandler,
  type EventActions,
  type EventHandlerSpec,
  type Payload,
  type TaskEnd,
} from '../workflows/dsl/define-event-handler.ts';
export {
  defineSaga,
  type FailedExecution,
  type Saga,
  type UndoBranch,
  type UndoOptions,
  type WhenInDoubt,
} from '../workflows/dsl/define-saga.ts';
export { defineSchedule, type ScheduleSpec } from '../workflows/dsl/define-schedule.ts';
export { defineWorkflow, failureInput, type WorkflowSpec } from '../workflows/dsl/define-workflow.ts';
export { database, definePolicy, externalApi, modelCall, type PolicyOptions } from '../workflows/dsl/policies.ts';
export { at, type Ref, type Refs, type Wired } from '../workflows/dsl/refs.ts';
export type { Branch, LoopOutput, Scope } from '../workflows/dsl/scope.ts';
export {
  companionOf,
  defineScenarios,
  type Expectation,
  type Mocked,
  type Scenario,
  type Scenarios,
  type Unchecked,
  unchecked,
} from '../workflows/scenario/define-scenarios.ts';
export { type Exactly, type Expected, exactly } from '../workflows/scenario/expected.ts';
export {
  answers,
  completes,
  type Each,
  each,
  fails,
  failsForGood,
  type Mock,
  type Mocks,
  type Rounds,
  rounds,
  timesOut,
} from '../workflows/scenario/mocks.ts';
