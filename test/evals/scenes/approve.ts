import { expect, vi } from 'vitest';
import { registerWorkflow, type Scene } from '../scene.ts';

export const approve: Scene = {
  job: 'Is there a purchase that waits for me? If it is the 60 laptops: yes, they are within the budget.',
  most: { calls: 2, tokens: 1200 },
  async prepare(stage) {
    const { conductor } = stage;
    const name = stage.name('evl_purchase');
    const outcome = (ref: string, status: string) => ({
      name: ref,
      taskReferenceName: ref,
      type: 'SET_VARIABLE',
      inputParameters: { status },
    });
    await registerWorkflow(
      stage,
      name,
      [
        {
          name: 'approve_purchase',
          taskReferenceName: 'approve_purchase',
          type: 'HUMAN',
          inputParameters: {
            question: 'May we buy this?',
            item: '${workflow.input.item}',
            eur: '${workflow.input.eur}',
          },
        },
        {
          name: 'decided',
          taskReferenceName: 'decided',
          type: 'SWITCH',
          evaluatorType: 'value-param',
          expression: 'approved',
          inputParameters: { approved: '${approve_purchase.output.approved}' },
          decisionCases: { true: [outcome('buy', 'ordered')] },
          defaultCase: [outcome('refuse', 'refused')],
        },
      ],
      {
        inputParameters: ['item', 'eur'],
        variables: { status: 'open' },
        outputParameters: { status: '${workflow.variables.status}', reason: '${approve_purchase.output.reason}' },
      },
    );
    const executionId = await conductor.startWorkflow({ name, input: { item: '60 laptops', eur: 90_000 } });
    const query = `workflowType=${name} AND taskType=HUMAN`;
    const found = async () => (await conductor.searchTasks({ query, start: 0, size: 10 })).totalHits;
    await vi.waitFor(async () => expect(await found()).toBe(1), { timeout: 30_000 });
    return {
      async play(agent) {
        const waiting = await agent.call('list_pending_approvals', { workflowName: name });
        await agent.follow(waiting, 'decide_approval', { decision: 'approve', reason: 'within the budget' });
      },
      async check(agent) {
        expect(agent.steps[0]?.text).toContain('60 laptops');
        expect(await conductor.waitForEnd(executionId)).toMatchObject({
          status: 'COMPLETED',
          output: { status: 'ordered', reason: 'within the budget' },
        });
      },
    };
  },
};
