import { expect } from 'vitest';
import { bulkyTask, registerTask, registerWorkflow, type Scene, startWorker } from '../scene.ts';

const REASON = 'POST https://payments.example/charges answered 503 Service Unavailable';

export const diagnoseAndRecover: Scene = {
  job: 'This order broke tonight. Find out why and get it through; the payment service is healthy again.',
  most: { calls: 3, tokens: 2500 },
  async prepare(stage) {
    const { conductor } = stage;
    const name = stage.name('evl_order');
    const [payment, charge] = [`${name}_payment`, `${name}_charge`];
    await registerTask(stage, charge);
    await registerWorkflow(stage, payment, [{ name: charge, taskReferenceName: 'charge_card', type: 'SIMPLE' }], {
      outputParameters: { receipt: '${charge_card.output.receipt}' },
    });
    const before = Array.from({ length: 20 }, (_, at) => bulkyTask(`check_${at}`, 2000));
    const pay = { name: payment, taskReferenceName: 'pay', type: 'SUB_WORKFLOW', subWorkflowParam: { name: payment } };
    await registerWorkflow(stage, name, [...before, pay], { outputParameters: { receipt: '${pay.output.receipt}' } });

    let healthy = false;
    startWorker(stage, charge, () =>
      healthy
        ? { status: 'COMPLETED', outputData: { receipt: 'R-1' } }
        : { status: 'FAILED', reasonForIncompletion: REASON, outputData: {} },
    );
    const executionId = await conductor.startWorkflow({ name, input: {} });
    expect(await conductor.waitForEnd(executionId)).toMatchObject({ status: 'FAILED' });
    healthy = true;
    return {
      async play(agent) {
        const diagnosis = await agent.call('diagnose_execution', { executionId });
        const retried = await agent.follow(diagnosis, 'retry_workflow');
        await agent.watch(retried);
      },
      async check(agent) {
        expect(agent.steps[0]?.text).toContain(REASON);
        expect(agent.steps[0]?.text).toContain('charge_card');
        expect(agent.steps.at(-1)?.text).toContain('COMPLETED');
        expect(await conductor.waitForEnd(executionId)).toMatchObject({
          status: 'COMPLETED',
          output: { receipt: 'R-1' },
        });
      },
    };
  },
};
