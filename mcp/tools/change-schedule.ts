import { z } from 'zod';
import type { Conductor } from '../../core/conductor/api.ts';
import { checkInput } from '../../core/conductor/start-checked.ts';
import type { ScheduleDef } from '../../core/conductor/types.ts';
import { FleetError, orUndefined } from '../../core/errors.ts';
import { fleetCommand } from '../../core/messages/fleet-command.ts';
import { defineTool, type ToolContext } from '../engine/define-tool.ts';
import { findWorkflow } from '../shared/find-workflow.ts';
import { nearNames } from '../shared/near-names.ts';
import { callOf, quote, quoteIfUnusual } from '../shared/quote.ts';
import { startWithoutKey } from '../shared/run-workflow.ts';

export default defineTool({
  name: 'change_schedule',
  title: 'Change a schedule',
  description:
    'Switches off (pauses), switches on (resumes) or deletes (removes) a schedule (cron job), or starts its workflow once now with the input it has. To change when or what, use create_schedule.',
  toolset: 'schedules',
  permission: 'workflows:write',
  annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: false, openWorldHint: false },
  input: z.strictObject({
    name: z.string().min(1).max(255).describe('Name of the schedule'),
    action: z.enum(['pause', 'resume', 'delete', 'run_now']).describe('What to do'),
  }),
  output: z.object({
    name: z.string(),
    exists: z.boolean(),
    paused: z.boolean(),
    executionId: z.string().optional(),
  }),
}).handler(async ({ name, action }, context) => {
  const { conductor } = context;
  const schedule = await find(conductor, name);
  const { scheduleStamp } = await import('../../workflows/manage/stamp.ts');
  const fleet = scheduleStamp(schedule)?.fleet;
  const managed = fleet === undefined ? undefined : `The fleet ${quoteIfUnusual(fleet)} defines it in code`;
  const { paused } = schedule;
  switch (action) {
    case 'run_now': {
      const executionId = await runNow(schedule, context);
      const follow = callOf('get_execution_status', { executionId });
      return {
        text: `Started ${executionId}, with the input of schedule ${quoteIfUnusual(name)}. Follow it: ${follow}`,
        structured: { name, exists: true, paused, executionId },
      };
    }
    case 'delete': {
      await conductor.deleteSchedule(name);
      if (await orUndefined(conductor.getSchedule(name))) {
        throw new FleetError(
          'upstream',
          `The server accepted the deletion, but schedule ${quoteIfUnusual(name)} still exists.`,
        );
      }
      const back = managed ? ` ${managed}: the next \`${fleetCommand} apply\` creates it again.` : '';
      return { text: `Deleted schedule ${quoteIfUnusual(name)}.${back}`, structured: { name, exists: false, paused } };
    }
    default: {
      const wanted = action === 'pause';
      if (paused !== wanted) await (wanted ? conductor.pauseSchedule(name) : conductor.resumeSchedule(name));
      const now = paused === wanted ? paused : (await conductor.getSchedule(name)).paused;
      if (now !== wanted)
        throw new FleetError(
          'upstream',
          `The server accepted the ${action}, but schedule ${quoteIfUnusual(name)} is unchanged.`,
        );
      const already = paused === wanted ? ' already' : '';
      const note = managed ? ` ${managed}: \`${fleetCommand} apply\` can undo this.` : '';
      const look = ` See when it fires: ${callOf('list_schedules', { name })}`;
      return {
        text: `Schedule ${quoteIfUnusual(name)} is${already} ${wanted ? 'paused' : 'active'}.${note}${look}`,
        structured: { name, exists: true, paused: now },
      };
    }
  }
});

async function find(conductor: Conductor, name: string): Promise<ScheduleDef> {
  const found = await orUndefined(conductor.getSchedule(name));
  if (found) return found;
  const near = nearNames(
    name,
    (await conductor.listSchedules()).map((one) => one.name),
  );
  throw new FleetError('not-found', `There is no schedule named ${quote(name, 255)}.`, {
    remedy: near[0]
      ? `Similar names are ${near.map(quoteIfUnusual).join(', ')}: ${callOf('list_schedules', { name: near[0] })}`
      : `See all: ${callOf('list_schedules', {})}`,
  });
}

async function runNow({ name, startWorkflowRequest: saved }: ScheduleDef, context: ToolContext): Promise<string> {
  if (!context.allows('workflows:execute')) {
    throw new FleetError('denied', 'To start a workflow you need the permission workflows:execute.', {
      remedy: `See what you may do: ${callOf('get_my_permissions', {})}`,
    });
  }
  if (!saved) {
    throw new FleetError('conflict', `Schedule ${quoteIfUnusual(name)} names no workflow to start.`, {
      remedy: 'Overwrite it with create_schedule, or delete it with change_schedule.',
    });
  }
  const version = saved.version ?? undefined;
  const def = await findWorkflow({ name: saved.name, version }, context.definitions);
  const { correlationId, taskToDomain, priority } = savedOptions.parse(saved);
  const input = checkInput(def, saved.input);
  return startWithoutKey(
    {
      name: def.name,
      ...(version !== undefined && { version }),
      input,
      ...(correlationId && { correlationId }),
      ...(taskToDomain && { taskToDomain }),
      ...(priority && { priority }),
    },
    context,
  );
}

/** Other start options that a schedule can hold. */
const savedOptions = z.looseObject({
  correlationId: z.string().nullish(),
  taskToDomain: z.record(z.string(), z.string()).nullish(),
  priority: z.number().nullish(),
});
