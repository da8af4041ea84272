import type { Conductor } from '../../core/conductor/api.ts';
import type { Reach } from '../admission/reach.ts';
import { Checks } from './checks.ts';
import { definitionGuards } from './definition-guards.ts';
import { executionGuards } from './execution-guards.ts';
import { guardRequest } from './guard-request.ts';
import { taskGuards } from './task-guards.ts';
import { triggerGuards } from './trigger-guards.ts';

/*
 * The API of the Conductor server as a limited caller gets it. Tools, resources and prompts get no other, so none of them can forget a
 * check.
 *
 * 1. A method that names a workflow, an execution or a task checks it first. A method that returns such things leaves out or refuses what is
 *    out of reach.
 * 2. Every method of `Conductor` has its own line in one of the tables. A new method without one does not compile.
 * 3. A caller without limits gets the API itself, so that it costs nothing.
 */

/** Returns the API within the reach of a caller. */
export function guardConductor(api: Conductor, reach: Reach, known?: Checks): Conductor {
  if (reach.isUnlimited) return api;
  const checks = new Checks(api, reach, known);
  const derived = (other: Conductor) => guardConductor(other, reach, checks);
  return {
    ...definitionGuards(api, checks),
    ...executionGuards(api, checks),
    ...taskGuards(api, checks),
    ...triggerGuards(api, checks),
    serverUrl: api.serverUrl,
    version: (signal) => api.version(signal),
    request: guardRequest(api, checks),
    withTrace: (traceparent) => derived(api.withTrace(traceparent)),
    withSignal: (signal) => derived(api.withSignal(signal)),
    detached: () => derived(api.detached()),
    close: () => api.close(),
  };
}
