/**
 * Mistakes in the wiring: wrong types, names, cases and others. Without the types, they would show only when the workflow runs.
 * Each must be a compile error. The pins are the `@ts-expect-error` lines: `compile.test.ts` compiles this file with and without them.
 */
import { z } from 'zod';
import { defineTask } from '../../core/contract.ts';
import { defineWorkflow } from '../../workflows/dsl/define-workflow.ts';
import { externalApi } from '../../workflows/dsl/policies.ts';

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
  // @ts-expect-error wrong type: `amount` needs a number, not a string
  wf.task('a', charge, { orderId: input.orderId, amount: input.orderId });
  // @ts-expect-error unknown output: charge has no `receipt`
  wf.task('b', ship, { orderId: input.orderId, receiptId: paid.output.receipt });
  // @ts-expect-error missing input: ship needs a `receiptId`
  wf.task('c', ship, { orderId: input.orderId });
  // @ts-expect-error extra input: ship has no input `extra`
  wf.task('d', ship, { orderId: input.orderId, receiptId: paid.output.receiptId, extra: 1 });
  // @ts-expect-error optional into required: `hint` may be missing
  wf.task('e', ship, { orderId: input.orderId, receiptId: paid.output.hint });
  // @ts-expect-error unhandled case: `declined` has no branch
  wf.switch('route', paid.output.status, { approved: () => {} });
  return { id: paid.output.receiptId };
});
defineWorkflow(spec).build((wf, input) => {
  const paid = wf.task('charge', charge, { orderId: input.orderId, amount: input.amount });
  // @ts-expect-error missing input: ship needs an `orderId`, and the output of charge has none
  wf.task('a', ship, paid.output);
  const maybe = wf.task('maybe', charge, { orderId: input.orderId, amount: 1 }, { optional: true });
  // @ts-expect-error optional into required: an optional task may fail and leave no `receiptId`
  wf.task('b', ship, { orderId: input.orderId, receiptId: maybe.output.receiptId });
  const perhaps = wf.task('perhaps', charge, { orderId: input.orderId, amount: 1 }, { optional: input !== undefined });
  // @ts-expect-error optional into required: the task may be optional; only the run time decides
  wf.task('c', ship, { orderId: input.orderId, receiptId: perhaps.output.receiptId });
  const asked = { method: 'GET', uri: 'http://h', response: z.object({ receiptId: z.string() }) } as const;
  const answer = wf.http('answer', externalApi, asked, { optional: true });
  // @ts-expect-error optional into required: an optional request may fail and leave no answer
  wf.task('d', ship, { orderId: input.orderId, receiptId: answer.output.response.body.receiptId });
  // @ts-expect-error unknown case: `aproved` is not a status
  wf.switch('e', paid.output.status, { approved: () => {}, declined: () => {}, aproved: () => {} });
  // @ts-expect-error unknown case: `declind` is not a status, and the default branch would hide that
  wf.switch('f', paid.output.status, { approved: () => {}, declind: () => {} }, () => {});
  // @ts-expect-error unhandled case: a text may have any value, so the switch needs a default branch
  wf.switch('g', input.orderId, { a: () => {} });
  // @ts-expect-error unhandled case: a number may have any value, so the switch needs a default branch
  wf.switch('h', input.amount, { '1': () => {} });
  // @ts-expect-error unknown variable: this workflow declares no variables to set
  wf.set('i', { anything: 1 });
  // @ts-expect-error unknown variable: this workflow declares no variables to read
  wf.human('j', { about: { seen: wf.variables.anything }, output: z.object({}) });
  // @ts-expect-error unknown names: `about` has no schema, so its fields must be listed
  wf.human('k', { about: paid.output, output: z.object({}) });
  // @ts-expect-error unknown names: a script's inputs have no schema, so they must be listed
  wf.inline('l', { inputs: paid.output, output: z.string(), script: '$.receiptId' });
  const nothing = wf.human('m', { about: {}, output: z.object({}) });
  // @ts-expect-error unknown output: an empty object has no field `receiptId`
  wf.task('n', ship, { orderId: input.orderId, receiptId: nothing.output.receiptId });
  return { id: paid.output.receiptId };
});
defineWorkflow({ ...spec, variables: z.object({ seen: z.string() }) }).build((wf, input) => {
  // @ts-expect-error unknown variable: `sen` is not declared
  wf.set('a', { sen: input.orderId });
  // @ts-expect-error wrong type: `seen` is a text
  wf.set('b', { seen: input.amount });
  // @ts-expect-error unknown names: `set` needs the variables listed one by one
  wf.set('c', wf.variables);
  return { id: wf.variables.seen };
});
// @ts-expect-error wrong workflow output: the workflow needs an `id`, and the output of ship has none
defineWorkflow(spec).build((wf) => wf.task('a', ship, { orderId: '1', receiptId: '2' }).output);
// @ts-expect-error wrong workflow output: `id` must be a string, not a number
defineWorkflow(spec).build((_wf, input) => ({ id: input.amount }));
// @ts-expect-error wrong worker output: `trackingId` must be a string, not a number
ship.worker(async () => ({ trackingId: 1 }));
