import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineEventHandler } from '../../workflows/dsl/define-event-handler.ts';
import { defineSchedule } from '../../workflows/dsl/define-schedule.ts';
import { defineWorkflow } from '../../workflows/dsl/define-workflow.ts';

const greet = defineWorkflow({
  name: 'Greet',
  version: 3,
  description: 'A probe.',
  input: z.object({ who: z.string().min(2), mark: z.string().default('!') }),
  output: z.object({}),
}).build(() => ({}));

const schedule = (more: Partial<Parameters<typeof defineSchedule>[0]>) =>
  defineSchedule({
    name: 'greet_daily',
    description: 'd',
    workflow: greet,
    input: { who: 'you' },
    cron: '0 0 9 * * *',
    ...more,
  });

describe('a schedule', () => {
  test('a schedule pins the version of its workflow, and is in UTC unless it names a zone', () => {
    expect(schedule({ zone: 'Europe/Paris' }).def).toMatchObject({ zoneId: 'Europe/Paris' });
    expect(schedule({}).def).toEqual({
      name: 'greet_daily',
      description: 'd',
      cronExpression: '0 0 9 * * *',
      zoneId: 'UTC',
      paused: false,
      runCatchupScheduleInstances: false,
      startWorkflowRequest: { name: 'Greet', version: 3, input: { who: 'you' } },
    });
  });

  test.each([
    [{ cron: '0 9 * * MON-FRI' }, /5 fields, not six/],
    [{ cron: '' }, /not six/],
    [{ zone: 'Europe/Pariss' }, /no time zone "Europe\/Pariss"/],
    [{ zone: 'europe/paris' }, /must be written "Europe\/Paris"/],
    [{ input: { who: 'x' } }, /does not fit Greet[\s\S]*who/],
  ])('defineSchedule refuses %j, because the server would accept it', (wrong, message) => {
    expect(() => schedule(wrong)).toThrow(message);
  });

  test('for a cron expression with five fields, the error shows the corrected expression', () => {
    expect(() => schedule({ cron: '0 9 * * *' })).toThrow(
      expect.objectContaining({ remedy: expect.stringContaining('"0 0 9 * * *"') }),
    );
  });

  test('a schedule accepts only the input of its workflow', () => {
    const spec = { name: 's', description: 'd', workflow: greet, cron: '0 0 9 * * *' };
    // @ts-expect-error `who` is missing
    expect(() => defineSchedule({ ...spec, input: {} })).toThrow(/who/);
    // @ts-expect-error `who` must be a text, not a number
    expect(() => defineSchedule({ ...spec, input: { who: 1 } })).toThrow(/who/);
  });
});

describe('an event handler', () => {
  const handler = defineEventHandler({
    name: 'greet_on_arrival',
    description: 'd',
    event: { workflow: greet, sink: 'arrived' },
    payload: z.object({ guest: z.object({ name: z.string() }), age: z.number() }),
    condition: '$.age > 17',
  });

  test('an event handler starts a workflow with fields of the event', () => {
    const { def } = handler.start(
      greet,
      ({ guest }) => ({ who: guest.name }),
      ({ workflowInstanceId }) => workflowInstanceId,
    );
    expect(def).toEqual({
      name: 'greet_on_arrival',
      event: 'conductor:Greet:arrived',
      active: true,
      condition: '$.age > 17',
      actions: [
        {
          action: 'start_workflow',
          start_workflow: {
            name: 'Greet',
            version: 3,
            input: { who: '${guest.name}' },
            correlationId: '${workflowInstanceId}',
          },
        },
      ],
    });
  });

  test('the compiler refuses a reference of another type, and a field that the event does not have', () => {
    // @ts-expect-error `who` must be a text, not a number
    handler.start(greet, ({ age }) => ({ who: age }));
    // @ts-expect-error the payload has no field `nothing`
    handler.start(greet, (event) => ({ who: event.nothing }));
  });

  test('an event handler completes or fails a waiting task', () => {
    const end = { workflowId: 'w', taskReferenceName: 'wait', output: { by: 'event' } };
    expect(handler.completeTask(() => end).def.actions).toEqual([
      {
        action: 'complete_task',
        complete_task: { workflowId: 'w', taskRefName: 'wait', output: { by: 'event' } },
      },
    ]);
    expect(handler.failTask(({ guest }) => ({ ...end, reason: guest.name })).def.actions).toEqual([
      {
        action: 'fail_task',
        fail_task: {
          workflowId: 'w',
          taskRefName: 'wait',
          output: { by: 'event' },
          reasonForIncompletion: '${guest.name}',
        },
      },
    ]);
  });
});
