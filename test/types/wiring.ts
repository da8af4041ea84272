/** Eight kinds of wiring mistake. Each must be a compile error: `wiring.test.ts` compiles this file with and without the pins. */
import { z } from 'zod';
import { defineTask } from '../../core/contract.ts';
import { defineWorkflow } from '../../workflows/dsl/define.ts';

const charge = defineTask({
  name: 'charge',
  description: '',
  input: z.object({ orderId: z.string(), amount: z.number(), note: z.string().optional() }),
  output: z.object({ receiptId: z.string(), status: z.enum(['approved', 'declined']), hint: z.string().optional() }),
});
const ship = defineTask({
  name: 'ship',
  description: '',
  input: z.object({ orderId: z.string(), receiptId: z.string() }),
  output: z.object({ trackingId: z.string() }),
});
const spec = {
  name: 'wrong',
  version: 1,
  description: '',
  input: z.object({ orderId: z.string(), amount: z.number(), tags: z.array(z.string()) }),
  output: z.object({ id: z.string() }),
};

defineWorkflow(spec).build((wf, input) => {
  const paid = wf.task('charge', charge, { orderId: input.orderId, amount: input.amount });
  // @ts-expect-error wrong type: a string is not the number `amount` asks for
  wf.task('a', charge, { orderId: input.orderId, amount: input.orderId });
  // @ts-expect-error unknown output: charge has no `receipt`
  wf.task('b', ship, { orderId: input.orderId, receiptId: paid.output.receipt });
  // @ts-expect-error missing input: ship needs a `receiptId`
  wf.task('c', ship, { orderId: input.orderId });
  // @ts-expect-error extra input: ship knows no `extra`
  wf.task('d', ship, { orderId: input.orderId, receiptId: paid.output.receiptId, extra: 1 });
  // @ts-expect-error optional into required: `hint` may be missing
  wf.task('e', ship, { orderId: input.orderId, receiptId: paid.output.hint });
  // @ts-expect-error unhandled case: `declined` has no branch
  wf.switch('route', paid.output.status, { approved: () => {} });
  return { id: paid.output.receiptId };
});
// @ts-expect-error wrong workflow output: a number is not the string `id` promises
defineWorkflow(spec).build((_wf, input) => ({ id: input.amount }));
// @ts-expect-error wrong worker output: a number is not the string `trackingId` promises
ship.worker(async () => ({ trackingId: 1 }));
