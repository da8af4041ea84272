import { z } from 'zod';
import { defineTask, type Workflow } from '../../core/contract.ts';
import { defineWorkflow } from '../../workflows/dsl/define-workflow.ts';
import { externalApi, modelCall } from '../../workflows/dsl/policies.ts';
import { at } from '../../workflows/dsl/refs.ts';

/** Returns workflows with builder calls that `fleet pull` writes as plain JSON, for example forks over lists. */
export function listWorkflows(prefix: string): Workflow[] {
  const city = defineTask({
    name: `${prefix}_city`,
    description: 'No worker polls this type.',
    input: z.object({ city: z.string(), at: z.int().optional() }),
    output: z.object({ degrees: z.number() }),
    timeoutSeconds: 30,
  });
  const lists = defineWorkflow({
    name: `${prefix}_lists`,
    version: 1,
    description: 'Over lists.',
    input: z.object({ cities: z.array(z.object({ name: z.string() })) }),
    output: z.object({ all: z.array(city.output.nullish()) }),
  }).build((wf, { cities }) => {
    const each = wf.forkEach('each', cities, city, (item, index) => ({ city: item.name, at: index }), {
      optional: true,
    });
    wf.forEach('turn', { items: cities, keepLastN: 2 }, (round, item) => round.task('one', city, { city: item.name }));
    return { all: each.output.results };
  });
  const messages = defineWorkflow({
    name: `${prefix}_messages`,
    version: 1,
    description: 'To others, and back.',
    input: z.object({ text: z.string() }),
    output: z.object({ said: z.unknown() }),
  }).build((wf, { text }) => {
    wf.event('tell', { sink: 'conductor:told', payload: { text } });
    wf.kafkaPublish('publish', externalApi, { bootStrapServers: '127.0.0.1:1', topic: 't', value: { text } });
    const posted = wf.http('post', externalApi, {
      method: 'POST',
      uri: 'http://127.0.0.1:1/',
      body: { text },
      asyncComplete: z.object({ by: z.string() }),
    });
    wf.llmText('text', modelCall, { provider: 'litellm', model: 'm', prompt: text });
    const asked = wf.llmChat('chat', modelCall, {
      provider: 'litellm',
      model: 'm',
      messages: [{ role: 'user', message: text }],
      tools: [{ name: 'look', description: 'Looks.', input: z.object({ at: z.string() }) }],
    });
    wf.embed('embed', modelCall, { provider: 'litellm', model: 'm', text });
    return { said: [posted.output.by, asked.output.finishReason] };
  });
  return [lists, messages];
}

/** Returns workflows with the builder calls that no shipped workflow uses. `prefix`, in `snake_case`, makes their names unique. */
export function probeWorkflows(prefix: string): Workflow[] {
  const item = z.object({ sku: z.string(), price: z.number() });
  const price = defineTask({
    name: `${prefix}_price`,
    description: 'No worker polls this type.',
    input: z.object({ sku: z.string(), 'odd key': z.number().optional() }),
    output: z.object({ total: z.number(), lines: z.array(item), note: z.string().nullable() }),
    retryCount: 1,
    retryLogic: 'FIXED',
    timeoutSeconds: 90,
    concurrentExecLimit: 4,
  });
  const child = defineWorkflow({
    name: `${prefix}_child`,
    version: 3,
    description: 'The other workflows call this one.',
    input: z.object({ sku: z.string(), times: z.int().min(1).max(5).default(2).describe('How often.') }),
    output: z.object({ total: z.number() }),
  }).build((wf, input) => {
    const found = wf.task('price', price, { sku: input.sku });
    return { total: found.output.total };
  });
  const leaves = defineWorkflow({
    name: `${prefix}_leaves`,
    version: 1,
    description: 'One task of each kind.',
    input: z.object({ sku: z.string(), items: z.array(item), kind: z.enum(['a', 'b']), deep: z.looseObject({}) }),
    output: z.object({ price: z.number(), sku: z.string().optional(), who: z.unknown() }),
  }).build((wf, input) => {
    const found = wf.task('price', price, { sku: input.sku, 'odd key': 2 }, { retryCount: 0, startDelay: 1 });
    wf.task('maybe', price, { sku: `${input.sku}-${found.output.total}` }, { optional: true });
    const summed = wf.inline('sum', { inputs: { items: input.items }, script: '$.items.length', output: z.number() });
    wf.jq('odd', { inputs: { 'a b': summed.output.result }, query: `."a b" | "it's"`, output: z.string() });
    wf.subWorkflow('sub', child, { sku: input.sku }, { optional: true });
    const started = wf.startWorkflow('start', child, { sku: input.sku, times: 1 }, { correlationId: input.sku });
    wf.llmChat('chat', modelCall, {
      provider: 'litellm',
      model: 'm',
      messages: [{ role: 'user', message: `What is ${input.sku}?` }],
      answer: 'text',
      maxTokens: 20,
    });
    wf.listMcpTools('list', externalApi, { server: 'http://127.0.0.1:1/mcp' });
    wf.wait('pause', { seconds: 1 });
    wf.wait('until', { until: '2026-11-21 09:30 UTC' });
    const signal = wf.wait('signal', { signal: z.object({ by: z.string() }) });
    const human = wf.human('ask', {
      about: { started: started.output.workflowId },
      output: z.object({ who: z.string() }),
    });
    wf.switch('kind', input.kind, { a: (a) => void a.wait('w_a', { seconds: 1 }), b: () => {} });
    wf.terminate('stop', 'COMPLETED', `by ${signal.output.by}`, { price: found.output.total });
    return { price: found.output.total, sku: at(input.items, 0).sku, who: human.output.who };
  });
  const flow = defineWorkflow({
    name: `${prefix}_flow`,
    version: 1,
    description: 'Branches inside branches, and their outputs.',
    input: z.object({ sku: z.string(), flag: z.boolean(), n: z.number() }),
    output: z.object({ left: z.number(), right: z.number().optional(), last: z.number() }),
    variables: z.object({ count: z.number() }),
  }).build((wf, input) => {
    wf.set('begin', { count: 0 });
    const both = wf.fork('both', {
      left: (branch) => branch.task('l', price, { sku: input.sku }),
      right: (branch) => {
        return branch.switch('pick', input.flag, {
          true: (yes) => yes.task('r', price, { sku: input.sku }),
          false: () => {},
        }).true;
      },
    });
    const loop = wf.repeat(
      'again',
      { rounds: 3, until: '$.n > 2', inputs: { n: input.n }, keepLastN: 2 },
      (round, number) => {
        const more = round.inline('more', { inputs: { number }, script: '$.number', output: z.number() });
        round.set('keep', { count: more.output.result });
        return more;
      },
    );
    return { left: both.left.output.total, right: both.right.output.total, last: loop.last.output.result };
  });
  return [child, leaves, flow];
}
