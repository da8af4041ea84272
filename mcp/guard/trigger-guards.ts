import type { Conductor } from '../../core/conductor/api.ts';
import type { TriggerCalls } from '../../core/conductor/calls/trigger-calls.ts';
import type { EventHandlerDef, ScheduleDef } from '../../core/conductor/types.ts';
import { orUndefined } from '../../core/errors.ts';
import type { Checks } from './checks.ts';
import { type NamedWorkflows, workflowsOfStart } from './named-workflows.ts';

/** The guards of schedules and event handlers. Both belong to the workflows that they start. */
export function triggerGuards(api: Conductor, checks: Checks): TriggerCalls {
  const mustChangeSchedule = async (name: string) => {
    checks.mustBeAbleToChange();
    const stored = await orUndefined(api.getSchedule(name));
    if (stored) mustOwn(checks, workflowsOfSchedule(stored));
  };
  const mustChangeHandler = async (name: string) => {
    checks.mustBeAbleToChange();
    if (!checks.reach.limits('workflows:write')) return;
    const stored = (await api.listEventHandlers()).find((one) => one.name === name);
    if (stored) mustOwn(checks, workflowsOfHandler(stored));
  };
  const mayRead = ({ starts }: NamedWorkflows) =>
    starts.every(({ workflow }) => checks.reaches('workflows:read', { workflow }));
  return {
    listSchedules: async () => (await api.listSchedules()).filter((one) => mayRead(workflowsOfSchedule(one))),
    async putSchedule(schedule) {
      await mustChangeSchedule(schedule.name);
      mustOwn(checks, workflowsOfSchedule(schedule));
      await api.putSchedule(schedule);
    },
    async deleteSchedule(name) {
      await mustChangeSchedule(name);
      await api.deleteSchedule(name);
    },
    nextFirings: (cronExpression, limit) => api.nextFirings(cronExpression, limit),
    listEventHandlers: async () => (await api.listEventHandlers()).filter((one) => mayRead(workflowsOfHandler(one))),
    async createEventHandler(handler) {
      await mustChangeHandler(handler.name);
      mustOwn(checks, workflowsOfHandler(handler));
      await api.createEventHandler(handler);
    },
    async updateEventHandler(handler) {
      await mustChangeHandler(handler.name);
      mustOwn(checks, workflowsOfHandler(handler));
      await api.updateEventHandler(handler);
    },
    async deleteEventHandler(name) {
      await mustChangeHandler(name);
      await api.deleteEventHandler(name);
    },
    async getSchedule(name) {
      const schedule = await api.getSchedule(name);
      for (const { workflow } of workflowsOfSchedule(schedule).starts) checks.mustReach('workflows:read', { workflow });
      return schedule;
    },
    async pauseSchedule(name) {
      await mustChangeSchedule(name);
      await api.pauseSchedule(name);
    },
    async resumeSchedule(name) {
      await mustChangeSchedule(name);
      await api.resumeSchedule(name);
    },
    async scheduleRuns(names, size) {
      if (!checks.reach.limits('workflows:read')) return api.scheduleRuns(names, size);
      const known = await api.listSchedules();
      const shown = known.filter((one) => names.includes(one.name) && mayRead(workflowsOfSchedule(one)));
      return shown.length === 0
        ? []
        : api.scheduleRuns(
            shown.map(({ name }) => name),
            size,
          );
    },
  };
}

/** Checks the workflows that a schedule or an event handler starts. @throws OutOfReach */
function mustOwn(checks: Checks, named: NamedWorkflows): void {
  for (const { workflow } of named.starts) checks.mustReach('workflows:write', { workflow });
  checks.mustReachWorkflowsIn(named);
}

function workflowsOfSchedule({ startWorkflowRequest }: ScheduleDef): NamedWorkflows {
  return workflowsOfStart(startWorkflowRequest ?? {});
}

/** The workflows that an event handler starts, and the workflow whose events it takes. Its other actions can reach any execution. */
function workflowsOfHandler({ event, actions }: EventHandlerDef): NamedWorkflows {
  const named: NamedWorkflows = { starts: [], unknown: [] };
  const [, sender] = /^conductor:([^:]+):/.exec(event) ?? [];
  if (sender !== undefined) named.starts.push({ workflow: sender });
  for (const { action, start_workflow: request } of actions) {
    if (action !== 'start_workflow') {
      named.unknown.push(`the action ${action} reaches whatever execution an event names`);
      continue;
    }
    const { starts, unknown } = workflowsOfStart(request);
    named.starts.push(...starts);
    named.unknown.push(...unknown);
  }
  return named;
}
