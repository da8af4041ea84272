import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { Cleanups } from '../../core/cleanups.ts';
import { Agent } from '../evals/agent.ts';
import type { Scene } from '../evals/scene.ts';
import { approve } from '../evals/scenes/approve.ts';
import { designAndRun } from '../evals/scenes/design-and-run.ts';
import { diagnoseAndRecover } from '../evals/scenes/diagnose-and-recover.ts';
import { findTheBottleneck } from '../evals/scenes/find-the-bottleneck.ts';
import { startAndWatch } from '../evals/scenes/start-and-watch.ts';
import { connect, type McpClient } from '../support/mcp-clients.ts';
import { stdioTarget } from '../support/mcp-process.ts';
import { uniqueName } from '../support/probe.ts';
import { realConductor } from '../support/product.ts';

/** Sets no toolsets, because every scene must work with the default ones. */
const env = { CONDUCTOR_SERVER_URL: inject('conductorServerUrl'), RATE_LIMIT_RPM: '100000' };
let client: McpClient;

beforeAll(async () => {
  client = await connect('2026-07-28', stdioTarget(env));
});
afterAll(() => client.close());

const scenes: Record<string, Scene> = { startAndWatch, diagnoseAndRecover, findTheBottleneck, approve, designAndRun };

describe.concurrent('an agent that knows the tools and follows their answers', () => {
  test.for(Object.entries(scenes))(
    'the agent solves the scene %s within its limits of calls and tokens',
    async ([name, scene], { onTestFinished }) => {
      const cleanups = new Cleanups();
      onTestFinished(async () => {
        expect(await cleanups.run()).toEqual([]);
      });
      const { play, check } = await scene.prepare({ conductor: realConductor(), name: uniqueName, cleanups });
      const agent = await Agent.over(client);
      await play(agent);

      expect(agent.steps.filter(({ isError }) => isError).map(({ text }) => text)).toEqual([]);
      await check(agent);
      process.stderr.write(`[evals] ${name}: ${agent.steps.length} calls, ${agent.tokens} tokens\n`);
      expect(agent.steps.length).toBeLessThanOrEqual(scene.most.calls);
      expect(agent.tokens, transcript(agent)).toBeLessThanOrEqual(scene.most.tokens);
    },
  );
});

function transcript({ steps }: Agent): string {
  return steps.map((step) => `${step.tool} ${JSON.stringify(step.args)}\n${step.text}`).join('\n\n');
}
