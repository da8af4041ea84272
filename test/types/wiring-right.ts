/** Correct wiring, the counterpart of `wiring.ts`. This whole file must compile, which shows that the types do not refuse correct code. */
import { z } from 'zod';
import { defineTask, jsonSchema } from '../../core/contract.ts';
import { defineWorkflow } from '../../workflows/dsl/define-workflow.ts';
import { externalApi, modelCall } from '../../workflows/dsl/policies.ts';
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

const notify = defineTask({ name: 'notify', description: '', input: price.input, output: price.output });
const priced = defineWorkflow({
  name: 'priced',
  version: 1,
  description: '',
  input: price.input,
  output: z.object({ total: z.number() }),
}).build((wf, input) => ({ total: wf.task('price', price, input).output.total }));

defineWorkflow({
  name: 'language',
  version: 1,
  description: '',
  input: z.object({ skus: z.array(z.string()), orders: z.array(price.input), by: z.enum(['price', 'notify']) }),
  output: z.object({ total: z.number() }),
  verbatim: { ownerEmail: 'a@b.c', inputSchema: undefined },
}).build((wf, { skus, orders, by }) => {
  const items = (sku: Ref<string>, count: Ref<number>) => [{ sku, count }];
  const each = wf.forkEach('each', skus, price, (sku, index) => ({ items: items(sku, index) }));
  const first: Ref<number | undefined> = at(each.output.results, 0).total;
  wf.forkEach('whole', orders, price, (order) => order, { optional: true, retryCount: 1 });
  wf.forkEach('sub', orders, priced, (order) => ({ items: order.items, currency: order.currency }));
  const call = wf.subWorkflow('call', priced, { items: [] }, { startDelay: 1 });
  const total: Ref<number> = call.output.total;
  wf.startWorkflow('start', priced, { items: [] }, { correlationId: call.output.subWorkflowId });
  const chosen = wf.dynamic('chosen', by, { price, notify }, { items: [] });
  const size: Ref<number> = chosen.output.size;
  const loop = wf.forEach('loop', { items: skus, keepLastN: 2 }, (scope, sku, index) =>
    scope.task('one', price, { items: items(sku, index) }),
  );
  const last: Ref<number | undefined> = loop.last.output.total;
  const rounds: Ref<number> = loop.output.iteration;
  const said = wf.event('tell', {
    sink: 'conductor:told',
    payload: { first, size, last, rounds, history: loop.output['1'] },
  });
  const text = wf.llmChat('ask', modelCall, {
    provider: 'p',
    model: 'm',
    messages: [{ role: 'user', message: `What of ${said.output.event_produced}?` }],
    tools: [price, priced],
    answer: 'text',
  });
  wf.set('nothing', {});
  wf.inline('read', { inputs: { calls: text.output.toolCalls }, output: z.string(), script: '1' }, { optional: true });
  const foreign = wf.json('foreign', { name: 'x', type: 'SIMPLE', inputParameters: { first } }, price.output);
  const whole: Ref<number> = foreign.output.total;
  wf.http('job', externalApi, { method: 'POST', uri: 'http://h', asyncComplete: price.output });
  wf.human('look', { about: { whole }, output: z.object({}) }, { optional: true });
  wf.wait('tomorrow', { until: '2026-11-22 09:30 UTC' });
  return { total };
});

defineWorkflow({
  name: 'foreign_schemas',
  version: 1,
  description: '',
  input: jsonSchema<{ a: string }>({ type: 'object', properties: { a: { type: 'string' } } }),
  output: jsonSchema<{ b?: string }>({ type: 'object' }),
}).build((_wf, input) => ({ b: input.a }));

defineWorkflow({
  name: 'whole_output',
  version: 1,
  description: '',
  input: price.input,
  output: z.object({ total: z.number(), hint: z.string().optional() }),
}).build((wf, input) => wf.task('price', price, input).output);
