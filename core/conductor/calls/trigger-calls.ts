import { z } from 'zod';
import type { Caller } from '../connection/caller.ts';
import { type EventHandlerDef, eventHandlerSchema, type ScheduleDef, scheduleSchema } from '../types.ts';
import { nothing } from './expected-answers.ts';

/** Calls for schedules and event handlers, which start workflows. */
export interface TriggerCalls {
  listSchedules(): Promise<ScheduleDef[]>;
  /** Creates or overwrites a schedule. Call `nextFirings` first, because the server does not check the schedule. */
  putSchedule(schedule: ScheduleDef): Promise<void>;
  deleteSchedule(name: string): Promise<void>;
  /**
   * Returns the next times at which a cron expression fires, in epoch milliseconds. The expression has six fields, seconds first.
   * @throws FleetError if the server cannot read the expression
   */
  nextFirings(cronExpression: string, limit: number): Promise<number[]>;
  listEventHandlers(): Promise<EventHandlerDef[]>;
  /** @throws FleetError `conflict` if an event handler with that name exists */
  createEventHandler(handler: EventHandlerDef): Promise<void>;
  updateEventHandler(handler: EventHandlerDef): Promise<void>;
  deleteEventHandler(name: string): Promise<void>;
  /** @throws FleetError `not-found` */
  getSchedule(name: string): Promise<ScheduleDef>;
  /** @throws FleetError `not-found` */
  pauseSchedule(name: string): Promise<void>;
  /** @throws FleetError `not-found` */
  resumeSchedule(name: string): Promise<void>;
  /** The last firings of these schedules, including failed ones, newest first. */
  scheduleRuns(names: readonly string[], size: number): Promise<ScheduleRun[]>;
}

/** A firing of a schedule. Times are epoch milliseconds. */
const scheduleRun = z.looseObject({
  scheduleName: z.string(),
  scheduledTime: z.number().default(0),
  state: z.string(),
  workflowId: z.string().nullish(),
  reason: z.string().nullish(),
});
export type ScheduleRun = z.output<typeof scheduleRun>;

export function triggerCalls({ call }: Pick<Caller, 'call'>): TriggerCalls {
  return {
    listSchedules: () => call({ method: 'GET', path: '/api/scheduler/schedules', answer: z.array(scheduleSchema) }),
    putSchedule: async (schedule) => {
      await call({ method: 'POST', path: '/api/scheduler/schedules', body: schedule, answer: scheduleSchema });
    },
    deleteSchedule: async (name) => {
      await call({
        method: 'DELETE',
        path: '/api/scheduler/schedules/{name}',
        params: { name },
        answer: nothing,
      });
    },
    nextFirings: (cronExpression, limit) =>
      call({
        method: 'GET',
        path: '/api/scheduler/nextFewSchedules',
        query: { cronExpression, limit },
        answer: z.array(z.number()),
      }),
    listEventHandlers: () => call({ method: 'GET', path: '/api/event', answer: z.array(eventHandlerSchema) }),
    createEventHandler: async (handler) => {
      await call({ method: 'POST', path: '/api/event', body: handler, answer: nothing });
    },
    updateEventHandler: async (handler) => {
      await call({ method: 'PUT', path: '/api/event', body: handler, answer: nothing });
    },
    deleteEventHandler: async (name) => {
      await call({ method: 'DELETE', path: '/api/event/{name}', params: { name }, answer: nothing });
    },
    getSchedule: (name) =>
      call({ method: 'GET', path: '/api/scheduler/schedules/{name}', params: { name }, answer: scheduleSchema }),
    pauseSchedule: async (name) => {
      await call({ method: 'PUT', path: '/api/scheduler/schedules/{name}/pause', params: { name }, answer: nothing });
    },
    resumeSchedule: async (name) => {
      await call({ method: 'PUT', path: '/api/scheduler/schedules/{name}/resume', params: { name }, answer: nothing });
    },
    scheduleRuns: async (names, size) => {
      const { results } = await call({
        method: 'GET',
        path: '/api/scheduler/search/executions',
        query: { query: `scheduleName IN (${names.join(',')})`, size },
        answer: z.object({ results: z.array(scheduleRun) }),
      });
      return results.sort((a, b) => b.scheduledTime - a.scheduledTime);
    },
  };
}
