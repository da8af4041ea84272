import { defineEventHandler, defineWorkflow, z } from 'conductor-fleet';
import logMessage from '../../workers/tasks/log-message.ts';
import { defineTemplate } from './registry/define-template.ts';

const workflow = defineWorkflow({
  name: 'OrderFollowUp',
  version: 1,
  description: 'Runs after an order was placed. The event of that order starts it.',
  input: z.object({ orderId: z.string().min(1), amount: z.number() }),
  output: z.object({ orderId: z.string(), loggedAt: z.string() }),
  timeoutSeconds: 600,
}).build((wf, { orderId, amount }) => {
  const logged = wf.task('log', logMessage, { message: `order ${orderId} over ${amount} was placed` });
  return { orderId, loggedAt: logged.output.loggedAt };
});

const eventHandler = defineEventHandler({
  name: 'start_order_follow_up',
  description: 'Starts OrderFollowUp for every order that the workflow OrderIntake announces.',
  // The event is sent by an EVENT task of the workflow OrderIntake to the sink conductor:order_placed.
  event: 'conductor:OrderIntake:order_placed',
  payload: z.object({ orderId: z.string(), amount: z.number() }),
}).start(
  workflow,
  (order) => ({ orderId: order.orderId, amount: order.amount }),
  (order) => order.orderId,
);

export default defineTemplate({
  name: 'event_driven',
  title: 'Started by an event',
  description:
    'A workflow, and the event handler that starts it for each event of another workflow. Each is in its own file.',
  whenToUse:
    'Work that follows an event in another workflow. The other workflow need not know who receives its events. A new event handler receives its first event after up to one minute.',
  workflow,
  eventHandler,
});
