/** Correct sagas, the counterpart of `saga.ts`. This whole file must compile. */
import { z } from 'zod';
import { defineTask } from '../../core/contract.ts';
import { defineSaga } from '../../workflows/dsl/define-saga.ts';

const charge = defineTask({
  name: 'charge',
  description: '',
  input: z.object({ amount: z.number() }),
  output: z.object({ receiptId: z.string() }),
});
const refund = defineTask({
  name: 'refund',
  description: '',
  input: z.object({ receiptId: z.string().optional(), why: z.string() }),
  output: z.object({}),
});

defineSaga({
  name: 'Right',
  version: 1,
  description: '',
  input: z.object({ amount: z.number(), gift: z.boolean() }),
  output: z.object({ receiptId: z.string() }),
  variables: z.object({ seen: z.string() }),
  timeoutSeconds: 60,
}).build((saga, { amount, gift }) => {
  saga.set('remember', { seen: 'it' });
  const paid = saga.step(
    'charge',
    charge,
    { amount },
    { undo: (undo, { receiptId }, { reason }) => undo.task('refund', refund, { receiptId, why: reason }) },
  );
  saga.step(
    'tip',
    charge,
    { amount },
    {
      whenInDoubt: 'undo',
      optional: true,
      undo: (undo, { receiptId }) => undo.task('refund_tip', refund, { receiptId, why: 'it failed' }),
    },
  );
  const { true: wrapped } = saga.switch('is_gift', gift, {
    true: (yes) =>
      saga.undo(yes.task('wrap', charge, { amount }), (undo, done) =>
        undo.task('unwrap', refund, { receiptId: done.receiptId, why: 'it failed' }),
      ),
    false: () => {},
  });
  saga.task('note', refund, { receiptId: wrapped.output.receiptId, why: saga.variables.seen });
  saga.afterwards(
    { input: z.object({ to: z.string().default('me') }), output: z.object({ refunded: z.boolean(), to: z.string() }) },
    (after, { to, workflowId }, undone) => {
      after.task('tell', refund, { why: workflowId });
      return { refunded: undone(paid), to };
    },
  );
  return { receiptId: paid.output.receiptId };
});
