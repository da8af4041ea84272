import { afterAll, type ExpectStatic, test } from 'vitest';
import { z } from 'zod';
import { defineWorkflow } from '../../workflows/dsl/define-workflow.ts';
import { registerAlone } from '../support/probe.ts';
import { realConductor, runFleetCommand, unique } from '../support/product.ts';

const conductor = realConductor();
afterAll(() => conductor.close());

/** Starts an execution in which a HUMAN task, a signal and a timer are open. The HUMAN task's output is the workflow's. */
async function startTwoQuestions(expect: ExpectStatic): Promise<string> {
  const workflow = defineWorkflow({
    name: unique('Ask').replace('-', '_'),
    version: 1,
    description: 'A workflow with tasks that wait for people.',
    input: z.object({ amount: z.number() }),
    output: z.object({ approved: z.boolean() }),
  }).build((wf, { amount }) => {
    const asked = wf.fork('ask', {
      boss: (one) => one.human('boss', { about: { amount }, output: z.object({ approved: z.boolean() }) }),
      signal: (two) => two.wait('go', { signal: z.object({}) }),
      timer: (three) => three.wait('timer', { seconds: 1 }),
    });
    return { approved: asked.boss.output.approved };
  });
  await registerAlone(conductor, [workflow]);
  const id = await conductor.startWorkflow({ name: workflow.name, input: { amount: 7 } });
  await expect
    .poll(async () => (await conductor.getExecution(id)).tasks.map(({ status }) => status))
    .toContain('COMPLETED');
  return id;
}

test.concurrent('fleet complete lists tasks that wait for a person, with their input; completing them ends the execution', async ({
  expect,
}) => {
  const id = await startTwoQuestions(expect);
  const rows = async () => {
    const { stdout } = await runFleetCommand(['complete', '--limit', '100']);
    return stdout.split('\n').filter((row) => row.startsWith(id));
  };
  await expect.poll(rows, { timeout: 20_000 }).toEqual([expect.stringMatching(/boss .*\{"amount":7\}/)]);

  const unclear = await runFleetCommand(['complete', id]);
  expect(unclear).toMatchObject({ code: 2, stderr: expect.stringMatching(/Several tasks[\s\S]*boss, go/) });
  const misspelt = await runFleetCommand(['complete', id, 'bos']);
  expect(misspelt).toMatchObject({ code: 1, stderr: expect.stringMatching(/"bos"[\s\S]*boss, go/) });

  const answered = await runFleetCommand(['complete', id, 'boss', '--output', '{"approved":true}']);
  expect(answered, answered.stderr).toMatchObject({ code: 0, stdout: 'boss COMPLETED\n' });
  const signalled = await runFleetCommand(['complete', id, '--json']);
  expect(JSON.parse(signalled.stdout)).toEqual({ workflowId: id, taskReferenceName: 'go', status: 'COMPLETED' });
  expect(await conductor.waitForEnd(id)).toMatchObject({ status: 'COMPLETED', output: { approved: true } });

  const late = await runFleetCommand(['complete', id, 'boss']);
  expect(late).toMatchObject({ code: 1, stderr: expect.stringContaining('has ended (COMPLETED)') });
});

test.concurrent('fleet complete --fail fails the execution with the given reason', async ({ expect }) => {
  const id = await startTwoQuestions(expect);
  const refused = await runFleetCommand(['complete', id, 'boss', '--fail', 'too expensive']);
  expect(refused, refused.stderr).toMatchObject({ code: 0, stdout: 'boss FAILED_WITH_TERMINAL_ERROR\n' });
  expect(await conductor.waitForEnd(id)).toMatchObject({
    status: 'FAILED',
    reasonForIncompletion: expect.stringContaining('too expensive'),
  });
});
