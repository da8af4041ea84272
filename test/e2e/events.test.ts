import { afterAll, describe, test } from 'vitest';
import { z } from 'zod';
import { defineWorkflow } from '../../workflows/dsl/define-workflow.ts';
import { greetingCode } from '../support/content-folder.ts';
import { fleetScene, ownName } from '../support/fleet-scene.ts';
import { ownTemplates } from '../support/own-templates.ts';
import { defineProbe, runProbe, startProbe, uniqueName } from '../support/probe.ts';
import { realConductor, startFleetCommand, unique } from '../support/product.ts';

/*
 * The server looks for new event handlers only once a minute. So all tests that wait for one are in this file, and run
 * at the same time.
 */
const conductor = realConductor();
afterAll(() => conductor.close());

const number = z.object({ n: z.number() });
const HEARD = { timeout: 120_000, interval: 500 };

describe.concurrent('an event', () => {
  test('the event of an EVENT task starts a workflow through an event handler', async ({ expect }) => {
    const listener = defineProbe(number, z.object({})).build((wf, { n }) => {
      wf.set('nothing', {});
      return { result: n };
    });
    const sender = defineWorkflow({
      name: uniqueName('lang_sender'),
      version: 1,
      description: 'Tells.',
      input: number,
      output: z.object({ queue: z.string(), by: z.string() }),
    }).build((wf, { n }) => {
      const { output } = wf.event('tell', { sink: 'conductor:told', payload: { n } });
      return { queue: output.event_produced, by: output.workflowInstanceId };
    });
    const queue = `conductor:${sender.name}:told`;
    const handler = uniqueName('lang_handler');
    await startProbe(conductor, [listener], { n: 0 });
    await conductor.createEventHandler({
      name: handler,
      event: queue,
      active: true,
      actions: [
        {
          action: 'start_workflow',
          start_workflow: { name: listener.name, version: 1, correlationId: 'told', input: { n: '${n}' } },
        },
      ],
    });
    try {
      const { status, output, workflowId } = await runProbe(conductor, [sender], { n: 5 });
      expect({ status, output }).toEqual({ status: 'COMPLETED', output: { queue, by: workflowId } });
      const query = `workflowType=${listener.name} AND correlationId=told`;
      await expect.poll(async () => (await conductor.searchExecutions({ query })).totalHits, HEARD).toBe(1);
      const [started] = (await conductor.searchExecutions({ query })).results;
      expect(await conductor.waitForEnd(started?.workflowId ?? '')).toMatchObject({ output: { result: 5 } });
    } finally {
      await conductor.deleteEventHandler(handler);
    }
  });

  test('an event starts the workflow of an event handler that `fleet apply` registered with a stamp', async ({
    expect,
  }) => {
    const { folder, greet, plan, apply } = fleetScene();
    const [handler, sender] = [ownName('handler'), ownName('sender')];
    folder.write('definitions', greet, greetingCode(greet));
    const code = `defineEventHandler({ name: '${handler}', description: 'd', event: 'conductor:${sender}:sent', payload: z.object({ guest: z.string() }) }).start(${greet}, (event) => ({ who: event.guest }))`;
    folder.write('event-handlers', handler, code, { [greet]: 'definitions' });
    await apply();
    expect(await plan('--check')).toMatchObject({ code: 0 });
    const send = {
      name: 'send',
      taskReferenceName: 'send',
      type: 'EVENT',
      sink: 'conductor:sent',
      inputParameters: { guest: 'Ann' },
    };
    await conductor.putWorkflowDef({ name: sender, version: 1, schemaVersion: 2, tasks: [send] });
    await conductor.startWorkflow({ name: sender, input: {} });
    const heard = () => conductor.searchExecutions({ query: `workflowType=${greet} AND status=COMPLETED` });
    await expect.poll(async () => (await heard()).results.length, HEARD).toBe(1);
    const [execution] = (await heard()).results;
    expect((await conductor.getExecution(execution?.workflowId ?? '')).output).toEqual({ text: 'hello Ann' });
    folder.remove('event-handlers', handler);
    expect(await apply('--prune')).toContain(`deleted: event handler ${handler}`);
    await conductor.deleteWorkflowDef(sender, 1);
  });

  test('an event starts the workflow of the template event_driven', async ({ expect }) => {
    const own = await ownTemplates(conductor, ['event_driven']);
    const [handler = expect.fail('the template event_driven has no event handler')] = own.handlers;
    expect(handler.def.event).toBe('conductor:OrderIntake:order_placed');
    const sender = own.nameOf('intake');
    const orderId = unique('order');
    const sending = { orderId: '${workflow.input.orderId}', amount: '${workflow.input.amount}' };
    const event = { name: 'tell', taskReferenceName: 'tell', type: 'EVENT', sink: 'conductor:order_placed' };
    await conductor.createEventHandler({ ...handler.def, event: `conductor:${sender}:order_placed` });
    const worker = startFleetCommand(['work', '--only', 'log_message']);
    try {
      const tasks = [{ ...event, inputParameters: sending }];
      await conductor.putWorkflowDef({ name: sender, version: 1, schemaVersion: 2, tasks });
      await conductor.startWorkflow({ name: sender, input: { orderId, amount: 12.5 } });
      const query = `workflowType=${own.nameOf('event_driven')}`;
      const found = async () => (await conductor.searchExecutions({ query, freeText: orderId })).results[0]?.workflowId;
      await expect.poll(found, HEARD).toBeTruthy();
      const execution = await conductor.waitForEnd((await found()) ?? '');
      expect(execution).toMatchObject({ status: 'COMPLETED', correlationId: orderId, output: { orderId } });
    } finally {
      await conductor.deleteEventHandler(handler.name);
      worker.child.kill('SIGTERM');
      await worker.ended;
      own.remove();
    }
  });
});
