/** The other side of `wiring.ts`: what is right must compile, so that the types do not merely refuse everything. */
import { z } from 'zod';
import { defineTask } from '../../core/contract.ts';
import { defineWorkflow } from '../../workflows/dsl/define.ts';
import { externalApi } from '../../workflows/dsl/policies.ts';
import { at, type Ref } from '../../workflows/dsl/refs.ts';

const price = defineTask({
  name: 'price',
  description: '',
  input: z.object({
    items: z.array(z.object({ sku: z.string(), count: z.number() })),
    currency: z.string().default('EUR'),
    note: z.string().optional(),
  }),
  output: z.object({ total: z.number(), paid: z.boolean(), size: z.number(), hint: z.string().optional() }),
});

defineWorkflow({
  name: 'right',
  version: 1,
  description: '',
  input: z.object({ sku: z.string(), items: z.array(z.object({ sku: z.string(), count: z.number() })) }),
  output: z.object({ total: z.number(), hint: z.string().optional() }),
  variables: z.object({ seen: z.array(z.string()), level: z.literal([1, 2]) }),
}).build((wf, input) => {
  const mixed = wf.task('mixed', price, { items: [{ sku: input.sku, count: 2 }] });
  const whole = wf.task('whole', price, { items: input.items, currency: `X-${input.sku}`, note: mixed.output.hint });
  const first: Ref<string | undefined> = at(input.items, 0).sku;
  wf.set('remember', { seen: ['a', input.sku] });
  const taken = wf.switch('paid', whole.output.paid, {
    true: (yes) => yes.task('again', price, { items: input.items }),
    false: () => {},
  });
  const maybe: Ref<number | undefined> = taken.true.output.total;
  wf.switch('size', whole.output.size, { '1': (one) => one.wait('pause', { seconds: 1 }) }, (other) => {
    other.set('forget', { seen: [] });
  });
  const { left, right } = wf.fork('both', {
    left: (branch) => branch.task('left', price, { items: input.items }),
    right: (branch) => branch.inline('right', { inputs: { maybe, first }, output: z.number(), script: '$.maybe' }),
  });
  const decided = wf.human('approve', { about: { total: left.output.total }, output: z.object({ yes: z.boolean() }) });
  wf.switch('approved', decided.output.yes, {
    true: () => {},
    false: (no) => no.terminate('refused', 'FAILED', 'refused by a person'),
  });
  const same = wf.task('same', price, input);
  const sure = wf.task('sure', price, { items: input.items }, { optional: false, retryCount: 1 });
  wf.task('later', price, { items: [{ sku: 'a', count: sure.output.size }] }, { startDelay: 2 });
  const tried = wf.task('tried', price, { items: input.items }, { optional: true });
  wf.task('hinted', price, { items: input.items, note: tried.output.hint });
  wf.switch('total', same.output.total, { 1: () => {}, 2: () => {} }, () => {});
  wf.switch('sku', input.sku, { a: () => {}, 'b c': () => {} }, () => {});
  wf.switch('level', wf.variables.level, { 1: () => {}, 2: (two) => two.set('lower', { level: 1 }) });
  wf.http('send', externalApi, { method: 'POST', uri: 'http://h', body: same.output, response: z.unknown() });
  const isNumber: Ref<number> = right.output.result;
  return { total: isNumber, hint: whole.output.hint };
});

defineWorkflow({
  name: 'whole_output',
  version: 1,
  description: '',
  input: price.input,
  output: z.object({ total: z.number(), hint: z.string().optional() }),
}).build((wf, input) => wf.task('price', price, input).output);
