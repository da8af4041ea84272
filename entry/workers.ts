/** `conductor-fleet/workers`: workers in a process of your own. It does not load the MCP server. */

export type { Task } from '../core/conductor/types.ts';
export type { Environment } from '../core/config.ts';
export type { HostOptions } from '../core/settings/host-options.ts';
export type { WorkerType } from '../core/settings/worker-type.ts';
export { createWorkers } from '../workers/embed/create-workers.ts';
export { loadTasks } from '../workers/embed/load-tasks.ts';
export type { StopReport } from '../workers/embed/stop-report.ts';
export type { Workers, WorkersOptions, WorkersStatus } from '../workers/embed/workers.ts';
export type { FleetEvent, TaskKey } from '../workers/runtime/events.ts';
export type { FleetStatus } from '../workers/runtime/fleet.ts';
export type { TypeState } from '../workers/runtime/poll/poller.ts';
export type { TypeStatus } from '../workers/runtime/poll/task-type.ts';
export type { Outcome } from '../workers/runtime/run/execute.ts';
