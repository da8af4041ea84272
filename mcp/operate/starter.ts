import { z } from 'zod';
import type { ApiRequest, Conductor } from '../../core/conductor/api.ts';
import type { Execution } from '../../core/conductor/types.ts';
import { orUndefined } from '../../core/errors.ts';
import { isObject } from '../../core/json.ts';
import type { Caller } from '../admission/permissions.ts';

/*
 * Who started an execution. The server drops `createdBy` of a start. It keeps `taskToDomain`, a map from task names to domains, through
 * restarts and reruns, and hands it on to sub-workflows. So the caller's id is stored there, under a name that no task can have.
 *
 * 1. Every start of a tool passes `recordingStarts`. It overwrites this entry, so a caller cannot name another starter.
 * 2. The input of an execution plays no part, so a caller cannot forge the starter in it.
 * 3. An execution that another program started has no entry: its starter is unknown.
 */

const STARTED_BY = 'fleet:started-by';
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
    taskToDomain: {
      ...('taskToDomain' in request && isObject(request.taskToDomain) && request.taskToDomain),
      [STARTED_BY]: caller.id,
    },
  });
  return {
    ...conductor,
    startWorkflow: (request) => conductor.startWorkflow(record(request)),
    putSchedule: (schedule) => {
      const { startWorkflowRequest: start } = schedule;
      return conductor.putSchedule({ ...schedule, ...(start && { startWorkflowRequest: record(start) }) });
    },
    request: (request) => conductor.request(isStart(request) ? { ...request, body: record(bodyOf(request)) } : request),
    withSignal: (signal) => recordingStarts(conductor.withSignal(signal), caller),
    withTrace: (traceparent) => recordingStarts(conductor.withTrace(traceparent), caller),
    detached: () => recordingStarts(conductor.detached(), caller),
  };
}

function isStart({ method, path }: ApiRequest): boolean {
  return method === 'POST' && (path === '/api/workflow' || path.startsWith('/api/workflow/execute/'));
}

function bodyOf({ body }: ApiRequest): object {
  return isObject(body) ? body : {};
}
