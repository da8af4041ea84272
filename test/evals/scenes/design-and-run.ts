import { expect } from 'vitest';
import type { Scene } from '../scene.ts';

export const designAndRun: Scene = {
  job: 'Make me a workflow that adds up prices, counts them at the same time and says whether the sum is large or small, and run it with 40 and 70.',
  most: { calls: 2, tokens: 1500 },
  async prepare(stage) {
    const name = stage.name('evl_prices');
    const label = (size: string) => [{ type: 'set', values: { size } }];
    const steps = [
      {
        type: 'parallel',
        branches: [
          [{ id: 'sum', type: 'jq', query: '.prices | add', input: { prices: '${input.prices}' } }],
          [{ id: 'count', type: 'jq', query: '.prices | length', input: { prices: '${input.prices}' } }],
        ],
      },
      {
        type: 'branch',
        if: '${sum.result} > 100',
        // biome-ignore lint/suspicious/noThenProperty: the name of a field of steps
        then: label('large'),
        else: label('small'),
      },
    ];
    return {
      async play(agent) {
        const started = await agent.call('design_and_execute_workflow', {
          name,
          steps,
          input: { prices: [40, 70] },
        });
        await agent.watch(started);
      },
      async check(agent) {
        const [executionId] = /(?<=^Started as )[\w-]+/m.exec(agent.steps[0]?.text ?? '') ?? [];
        expect(agent.steps.at(-1)?.text).toContain('COMPLETED');
        expect(await stage.conductor.getExecution(executionId ?? '')).toMatchObject({
          workflowName: name,
          status: 'COMPLETED',
          variables: { size: 'large' },
        });
        expect(await stage.conductor.getWorkflowDef(name)).toMatchObject({ name, version: 1 });
      },
    };
  },
};
