import { expect, vi } from 'vitest';
import { bulkyTask, registerTask, registerWorkflow, type Scene, startWorker } from '../scene.ts';

const EXECUTIONS = 6;
const SLOW_MS = 800;

export const findTheBottleneck: Scene = {
  job: 'Our report has become slow. Which step takes the time?',
  most: { calls: 1, tokens: 1200 },
  async prepare(stage) {
    const { conductor } = stage;
    const name = stage.name('evl_report');
    const [quick, slow] = [`${name}_quick`, `${name}_slow`];
    for (const task of [quick, slow]) await registerTask(stage, task);
    await registerWorkflow(stage, name, [
      bulkyTask('collect', 2000),
      { name: quick, taskReferenceName: 'format_rows', type: 'SIMPLE' },
      { name: slow, taskReferenceName: 'render_pages', type: 'SIMPLE' },
      bulkyTask('store', 2000),
    ]);
    startWorker(stage, quick, () => ({ status: 'COMPLETED', outputData: {} }));
    startWorker(stage, slow, async () => {
      await new Promise((resolve) => setTimeout(resolve, SLOW_MS)); // simulates slow work
      return { status: 'COMPLETED', outputData: {} };
    });
    const started = await Promise.all(
      Array.from({ length: EXECUTIONS }, () => conductor.startWorkflow({ name, input: {} })),
    );
    await Promise.all(started.map((id) => conductor.waitForEnd(id)));
    const query = `workflowType=${name} AND status=COMPLETED`;
    const found = async () => (await conductor.searchExecutions({ query, start: 0, size: 10 })).totalHits;
    await vi.waitFor(async () => expect(await found()).toBe(EXECUTIONS), { timeout: 30_000 });
    return {
      async play(agent) {
        await agent.call('analyze_workflow_performance', { workflowName: name });
      },
      async check(agent) {
        const text = agent.steps[0]?.text ?? '';
        const places = ['collect', 'format_rows', 'render_pages', 'store']
          .map((ref) => ({ ref, at: text.indexOf(ref) }))
          .filter(({ at }) => at >= 0)
          .sort((a, b) => a.at - b.at);
        expect(places[0]?.ref, text).toBe('render_pages');
        expect(text).toMatch(/p95/);
        expect(text).toMatch(new RegExp(`\\b${EXECUTIONS}\\b`));
      },
    };
  },
};
