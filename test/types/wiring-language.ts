/** Mistakes in the wiring of the builders for lists, workflows, models and messages. `wiring.ts` explains the pins. */
import { z } from 'zod';
import { defineTask } from '../../core/contract.ts';
import { defineWorkflow } from '../../workflows/dsl/define-workflow.ts';
import { definePolicy, externalApi, modelCall } from '../../workflows/dsl/policies.ts';
import { at } from '../../workflows/dsl/refs.ts';

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

const child = defineWorkflow({
  name: 'child',
  version: 2,
  description: '',
  input: z.object({ orderId: z.string(), note: z.string().optional() }),
  output: z.object({ done: z.boolean() }),
}).build((wf) => ({ done: wf.human('ask', { about: {}, output: z.object({ yes: z.boolean() }) }).output.yes }));
const list = { ...spec, input: z.object({ orders: z.array(ship.input), maybe: z.array(z.string()).optional() }) };
const how = z.object({ by: z.enum(['ship', 'drop']), any: z.string() });
const drop = defineTask({
  name: 'drop',
  description: '',
  input: ship.input,
  output: z.object({ dropped: z.boolean() }),
});

defineWorkflow(list).build((wf, { orders, maybe }) => {
  // @ts-expect-error wrong type: `orderId` needs a text, not the whole item
  wf.forkEach('a', orders, ship, (order) => ({ orderId: order, receiptId: 'r' }));
  // @ts-expect-error unknown output: an item has no `receipt`
  wf.forkEach('b', orders, ship, (order) => ({ orderId: order.orderId, receiptId: order.receipt }));
  // @ts-expect-error missing input: ship needs a `receiptId`
  wf.forkEach('c', orders, ship, (order) => ({ orderId: order.orderId }));
  // @ts-expect-error wrong type: `orderId` needs a text, and the index is a number
  wf.forkEach('d', orders, ship, (order, index) => ({ orderId: index, receiptId: order.receiptId }));
  // @ts-expect-error optional into required: the list may be missing
  wf.forkEach('e', maybe, ship, (id) => ({ orderId: id, receiptId: id }));
  // @ts-expect-error missing input: child needs an `orderId`
  wf.forkEach('f', orders, child, () => ({}));
  const tried = wf.forkEach('g', orders, ship, (order) => order, { optional: true });
  // @ts-expect-error optional into required: the first result may be missing
  wf.task('h', ship, { orderId: at(tried.output.results, 0).trackingId, receiptId: 'r' });
  // @ts-expect-error wrong type: `orderId` needs a text, and the results are a list
  wf.task('i', ship, { orderId: tried.output.results, receiptId: 'r' });
  const each = wf.forEach('j', { items: orders }, (scope, order) => scope.task('k', ship, order));
  // @ts-expect-error optional into required: if the list is empty, no round runs and no output exists
  wf.task('l', ship, { orderId: each.last.output.trackingId, receiptId: 'r' });
  // @ts-expect-error wrong type: `orderId` needs a text, and the item is an object
  wf.forEach('m', { items: orders }, (scope, order) => scope.task('n', charge, { orderId: order, amount: 1 }));
  // @ts-expect-error optional into required: a task in a round may have no output
  wf.task('o', ship, { orderId: each.output['1'], receiptId: 'r' });
  return { id: 'x' };
});
defineWorkflow({ ...spec, input: how }).build((wf, { by, any }) => {
  // @ts-expect-error missing input: child needs an `orderId`
  wf.subWorkflow('a', child, {});
  // @ts-expect-error extra input: child has no input `amount`
  wf.subWorkflow('b', child, { orderId: any, amount: 1 });
  const called = wf.subWorkflow('c', child, { orderId: any }, { optional: true });
  // @ts-expect-error unknown output: child has no `ready`
  wf.human('d', { about: { x: called.output.ready }, output: z.object({}) });
  // @ts-expect-error optional into required: an optional child may fail and leave no `subWorkflowId`
  wf.task('e', ship, { orderId: called.output.subWorkflowId, receiptId: 'r' });
  // @ts-expect-error wrong type: `orderId` of child must be a text
  wf.startWorkflow('f', child, { orderId: 1 });
  // @ts-expect-error unknown output: START_WORKFLOW does not wait, so it has no output of the child
  wf.startWorkflow('g', child, { orderId: any }).output.done.toJSON();
  // @ts-expect-error unhandled case: `drop` has no contract
  wf.dynamic('h', by, { ship }, { orderId: any, receiptId: any });
  // @ts-expect-error unhandled case: `any` may be the name of another task
  wf.dynamic('i', any, { ship, drop }, { orderId: any, receiptId: any });
  // @ts-expect-error missing input: both tasks need a `receiptId`
  wf.dynamic('j', by, { ship, drop }, { orderId: any });
  const ran = wf.dynamic('k', by, { ship, drop }, { orderId: any, receiptId: any });
  // @ts-expect-error unknown output: only one of the two tasks has a `trackingId`
  wf.task('l', ship, { orderId: ran.output.trackingId, receiptId: any });
  return { id: any };
});
defineWorkflow(spec).build((wf, { orderId, amount, tags }) => {
  const model = { provider: 'p', model: 'm' };
  const messages = [{ role: 'user', message: orderId }] as const;
  // @ts-expect-error wrong type: a chat message must be a text
  wf.llmChat('a', modelCall, { ...model, messages: [{ role: 'user', message: amount }] });
  // @ts-expect-error wrong type: the text of a chat message is in `message`, not in `content`
  wf.llmChat('b', modelCall, { ...model, messages: [{ role: 'user', content: orderId }] });
  const json = wf.llmChat('c', modelCall, { ...model, messages });
  // @ts-expect-error wrong type: `orderId` needs a text, and the model answers in JSON
  wf.task('d', ship, { orderId: json.output.result, receiptId: 'r' });
  // @ts-expect-error unknown output: without tools there are no tool calls
  wf.human('e', { about: { x: json.output.toolCalls }, output: z.object({}) });
  const tools = wf.llmChat('f', modelCall, { ...model, messages, tools: [ship], answer: 'text' });
  // @ts-expect-error optional into required: the model may call no tool
  wf.forkEach('g', tools.output.toolCalls, ship, () => ({ orderId: '1', receiptId: 'r' }));
  // @ts-expect-error wrong type: a prompt must be a text
  wf.llmText('h', modelCall, { ...model, prompt: tags });
  // @ts-expect-error wrong type: `text` must be a text, not a number
  wf.embed('i', modelCall, { ...model, text: amount });
  // @ts-expect-error wrong type: an address must be a text
  wf.listMcpTools('j', externalApi, { server: amount });
  // @ts-expect-error missing input: an event needs a payload
  wf.event('k', { sink: 'conductor:told' });
  // @ts-expect-error wrong type: a sink must begin with its kind, such as `conductor:`
  wf.event('l', { sink: 'told', payload: { orderId } });
  // @ts-expect-error unknown names: a payload has no schema, so its fields must be listed
  wf.event('m', { sink: 'conductor:told', payload: wf.task('n', ship, { orderId, receiptId: 'r' }).output });
  // @ts-expect-error missing input: a Kafka message needs a topic
  wf.kafkaPublish('o', externalApi, { bootStrapServers: 'h', value: orderId });
  // @ts-expect-error extra input: the server ignores `startDelay` on an INLINE task
  wf.inline('p', { inputs: {}, output: z.string(), script: '1' }, { startDelay: 1 });
  // @ts-expect-error extra input: the server ignores `asyncComplete` on a worker's task
  wf.task('q', ship, { orderId, receiptId: 'r' }, { asyncComplete: true });
  const left = wf.http('r', externalApi, { method: 'GET', uri: 'http://h', asyncComplete: ship.output });
  // @ts-expect-error unknown output: with `asyncComplete`, the output comes from another program
  wf.human('s', { about: { x: left.output.response }, output: z.object({}) });
  const tried = wf.task('t', ship, { orderId, receiptId: 'r' }, { permissive: true });
  // @ts-expect-error optional into required: a permissive task may fail and leave no output
  wf.task('u', ship, { orderId: tried.output.trackingId, receiptId: 'r' });
  // @ts-expect-error wrong type: `until` must be a text in the server's date format
  wf.wait('v', { until: new Date() });
  return { id: orderId };
});
// @ts-expect-error missing input: a policy needs a time limit
definePolicy('unlimited', '', { retryCount: 3 });
// @ts-expect-error extra input: `verbatim` must not contain `version`, which is its own field
defineWorkflow({ ...spec, verbatim: { version: 2 } }).build(() => ({ id: 'x' }));
