import { expect } from 'vitest';
import { registerTask, registerWorkflow, type Scene, startWorker } from '../scene.ts';

export const startAndWatch: Scene = {
  job: 'Start the greeting for Ada and tell me what it says.',
  most: { calls: 2, tokens: 700 },
  async prepare(stage) {
    const name = stage.name('evl_greeting');
    const task = `${name}_task`;
    await registerTask(stage, task);
    await registerWorkflow(
      stage,
      name,
      [{ name: task, taskReferenceName: 'greet', type: 'SIMPLE', inputParameters: { who: '${workflow.input.who}' } }],
      { inputParameters: ['who'], outputParameters: { greeting: '${greet.output.greeting}' } },
    );
    return {
      async play(agent) {
        const started = await agent.call('execute_workflow', { name, input: { who: 'Ada' } });
        // The worker starts only after the agent has the execution id, so that the agent has to wait.
        startWorker(stage, task, ({ inputData }) => ({
          status: 'COMPLETED',
          outputData: { greeting: `Hello ${inputData.who}` },
        }));
        await agent.follow(started, 'get_execution_status', { waitSeconds: 30 });
      },
      async check(agent) {
        const [started, watched] = agent.steps;
        const { executionId } = agent.advised(started?.text ?? '', 'get_execution_status').args;
        expect(watched?.text).toContain('Hello Ada');
        expect(await stage.conductor.getExecution(String(executionId))).toMatchObject({
          status: 'COMPLETED',
          output: { greeting: 'Hello Ada' },
        });
      },
    };
  },
};
