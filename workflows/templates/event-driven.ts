import { z } from 'zod';
import logMessage from '../../workers/tasks/log-message.ts';
import { defineEventHandler } from '../dsl/define-event-handler.ts';
import { defineWorkflow } from '../dsl/define-workflow.ts';
import { defineTemplate } from './registry/define.ts';

const workflow = defineWorkflow({
  name: 'OrderFollowUp',
  version: 1,
  description: 'What happens after an order was placed, started by the event that says so.',
  input: z.object({ orderId: z.string().min(1), amount: z.number() }),
  output: z.object({ orderId: z.string(), loggedAt: z.string() }),
  timeoutSeconds: 600,
}).build((wf, { orderId, amount }) => {
  const logged = wf.task('log', logMessage, { message: `order ${orderId} over ${amount} was placed` });
  return { orderId, loggedAt: logged.output.loggedAt };
});

const eventHandler = defineEventHandler({
  name: 'start_order_follow_up',
  description: 'Starts it for every order that the workflow OrderIntake announces.',
  // What the EVENT task of a workflow called OrderIntake sends to the sink conductor:order_placed.
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
    'A workflow and the handler that starts it for each event of another workflow, each in a file of its own.',
  whenToUse:
    'Work that follows from something that happened elsewhere, where the one who tells of it need not know who listens. A new handler hears its first event after up to a minute.',
  workflow,
  eventHandler,
});
