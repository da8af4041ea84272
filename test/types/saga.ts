/** Mistakes in sagas that must be compile errors. `wiring.ts` explains the pins. */
import { z } from 'zod';
import { defineTask } from '../../core/contract.ts';
import { defineSaga } from '../../workflows/dsl/define-saga.ts';
import { externalApi } from '../../workflows/dsl/policies.ts';

const charge = defineTask({
  name: 'charge',
  description: '',
  input: z.object({ orderId: z.string(), amount: z.number() }),
  output: z.object({ receiptId: z.string(), hint: z.string().optional() }),
});
const refund = defineTask({
  name: 'refund',
  description: '',
  input: z.object({ orderId: z.string(), receiptId: z.string() }),
  output: z.object({}),
});
const spec = {
  name: 'Wrong',
  version: 1,
  description: '',
  input: z.object({ orderId: z.string(), amount: z.number() }),
  output: z.object({ id: z.string() }),
};

defineSaga(spec).build((saga, { orderId, amount }) => {
  const order = { orderId, amount };
  // @ts-expect-error missing undo: `saga.step` needs an undo; `saga.task` adds a task without one
  saga.step('a', charge, order, {});
  // @ts-expect-error wrong type: the input of a step is checked like the input of a task
  saga.step('b', charge, { orderId, amount: orderId }, { undo: () => {} });
  // @ts-expect-error unknown output: charge has no `receipt`
  saga.step('c', charge, order, { undo: (undo, done) => undo.task('r', refund, { orderId, receiptId: done.receipt }) });
  // @ts-expect-error missing input: refund needs a `receiptId`
  saga.step('d', charge, order, { undo: (undo) => undo.task('r', refund, { orderId }) });
  // @ts-expect-error extra input: refund has no input `amount`
  saga.step('e', charge, order, { undo: (u, { receiptId }) => u.task('r', refund, { orderId, receiptId, amount }) });
  // @ts-expect-error optional into required: `hint` may be missing
  saga.step('f', charge, order, { undo: (undo, done) => undo.task('r', refund, { orderId, receiptId: done.hint }) });
  const suspect = { whenInDoubt: 'undo' } as const;
  const step = saga.task('g', charge, order);
  // @ts-expect-error optional into required: if a step is in doubt, its `receiptId` may be missing
  saga.undo(step, (undo, { receiptId }) => undo.task('r', refund, { orderId, receiptId }), suspect);
  // @ts-expect-error unknown value: `whenInDoubt` must be 'report' or 'undo'
  saga.undo(step, () => {}, { whenInDoubt: 'ignore' });
  const maybe = saga.step('h', charge, order, { optional: true, undo: () => {} });
  // @ts-expect-error optional into required: an optional step may end without a `receiptId`
  saga.task('i', refund, { orderId, receiptId: maybe.output.receiptId });
  const sent = saga.http('j', externalApi, { method: 'GET', uri: 'http://h', response: charge.output });
  // @ts-expect-error unknown output: `response` contains the body
  saga.undo(sent, (undo, done) => undo.task('r', refund, { orderId, receiptId: done.body.receiptId }));
  // @ts-expect-error unknown output: an undo cannot read the `tasks` of the failed execution
  saga.undo(step, (undo, _, failed) => undo.task('r', refund, { orderId, receiptId: failed.tasks }));
  const after = { input: z.object({ to: z.string().default('me') }), output: z.object({ refunded: z.boolean() }) };
  // @ts-expect-error wrong output: the output schema says that `refunded` is a boolean, not a text
  saga.afterwards(after, (_, { to }) => ({ refunded: to }));
  // @ts-expect-error unknown input: `from` is not declared
  saga.afterwards(after, (_, { from }, undone) => ({ refunded: undone(step), from }));
  return { id: step.output.receiptId };
});
// @ts-expect-error unknown field: a saga already has its own failure workflow
defineSaga({ ...spec, failureWorkflow: undefined });
// @ts-expect-error wrong workflow output: the output schema says that `id` is a string, not a number
defineSaga(spec).build((_, { amount }) => ({ id: amount }));
