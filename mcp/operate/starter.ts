import { z } from 'zod';
import type { ApiRequest, Conductor } from '../../core/conductor/api.ts';
import type { Execution } from '../../core/conductor/types.ts';
import { FleetError, orUndefined } from '../../core/errors.ts';
import { isObject } from '../../core/json.ts';
import type { Caller } from '../admission/permissions.ts';

/*
 * Who started an execution. The server drops `createdBy` of a start. It keeps `taskToDomain`, a map from task names to domains, through
 * restarts and reruns, and hands it on to sub-workflows. So the caller's id is stored there, under a name that no task can have.
 *
 * 1. Every start of a tool passes `recordingStarts`. It overwrites this entry, so a caller cannot name another starter.
 * 2. The input of an execution plays no part, so a caller cannot forge the starter in it.
 * 3. A definition, an event handler or a schedule that would name a starter itself is refused or overwritten.
 * 4. An execution that another program started has no entry: its starter is unknown.
 */

export const STARTED_BY = 'fleet:started-by';
/** Sub-workflows are followed up to their root at most so far. */
const MOST_LEVELS = 20;

const marked = z.looseObject({ taskToDomain: z.looseObject({ [STARTED_BY]: z.string() }) });

/** The id of the caller who started this execution; undefined if it is unknown. */
function markOf(execution: Execution): string | undefined {
  return marked.safeParse(execution).data?.taskToDomain[STARTED_BY];
}

/**
 * The ids of the callers who started an execution: its own starter, and that of every execution above it. Empty if all are unknown. The last
 * one started the root.
 */
export async function startersOf(conductor: Conductor, execution: Execution): Promise<string[]> {
  const starters: string[] = [];
  let at: Execution | undefined = execution;
  for (let level = 0; at && level < MOST_LEVELS; level++) {
    const mark = markOf(at);
    if (mark !== undefined) starters.push(mark);
    const parent: string | null | undefined = at.parentWorkflowId;
    at = parent ? await orUndefined(conductor.getExecution(parent, { includeTasks: false })) : undefined;
  }
  return [...new Set(starters)];
}

/** The same API, which records the caller in everything that it starts: executions and schedules. */
export function recordingStarts(conductor: Conductor, caller: Pick<Caller, 'id'>): Conductor {
  const record = <T extends object>(request: T): T => ({
    ...request,
    taskToDomain: { ...mapIn(request), [STARTED_BY]: caller.id },
  });
  const scheduled = <T extends object>(schedule: T): T =>
    'startWorkflowRequest' in schedule && isObject(schedule.startWorkflowRequest)
      ? { ...schedule, startWorkflowRequest: record(schedule.startWorkflowRequest) }
      : schedule;
  const bodyOf = (request: ApiRequest): unknown => {
    if (!isObject(request.body)) return named(request.body);
    if (isStart(request)) return record(request.body);
    return request.path === SCHEDULES ? scheduled(request.body) : named(request.body);
  };
  return {
    ...conductor,
    startWorkflow: (request) => conductor.startWorkflow(record(request)),
    putSchedule: (schedule) => conductor.putSchedule(scheduled(schedule)),
    createWorkflowDef: async (def) => conductor.createWorkflowDef(named(def)),
    putWorkflowDef: async (def) => conductor.putWorkflowDef(named(def)),
    request: async (request) => {
      const body = bodyOf(request);
      return conductor.request(body === undefined ? request : { ...request, body });
    },
    withSignal: (signal) => recordingStarts(conductor.withSignal(signal), caller),
    withTrace: (traceparent) => recordingStarts(conductor.withTrace(traceparent), caller),
    detached: () => recordingStarts(conductor.detached(), caller),
  };
}

const SCHEDULES = '/api/scheduler/schedules';

function mapIn(request: object): object {
  return 'taskToDomain' in request && isObject(request.taskToDomain) ? request.taskToDomain : {};
}

/** What a caller stores must not name a starter. @throws FleetError `input` */
function named<T>(stored: T): T {
  if (!JSON.stringify(stored ?? null).includes(`"${STARTED_BY}"`)) return stored;
  throw new FleetError('input', `${STARTED_BY} is reserved: the server records there who started an execution.`, {
    remedy: `Leave "${STARTED_BY}" out.`,
  });
}

function isStart({ method, path }: ApiRequest): boolean {
  return method === 'POST' && (path === '/api/workflow' || path.startsWith('/api/workflow/execute/'));
}
