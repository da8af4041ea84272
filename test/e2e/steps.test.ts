import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { compileSteps } from '../../workflows/steps/compile-steps.ts';
import { designInput, designs, runnableDesigns } from '../support/generated-designs.ts';
import { realConductor, unique } from '../support/product.ts';

/** The server registers and runs random workflows that were made from steps. Another seed makes others: `STEPS_SEED=7`. */
const SEED = Number(process.env.STEPS_SEED ?? 20261121);
const RUNS = Number(process.env.STEPS_RUNS ?? 6);

const conductor = realConductor();
afterAll(() => conductor.close());
const prefix = unique('steps').replaceAll('-', '_');

test('the server accepts the definitions of random steps', async () => {
  for (const steps of fc.sample(designs, { numRuns: 5 * RUNS, seed: SEED })) {
    const { def } = compileSteps({ name: `${prefix}_any`, version: 1, steps });
    await expect(conductor.validateWorkflowDef(def), JSON.stringify(steps)).resolves.toBeUndefined();
  }
});

test('executions of random steps without tasks for people or workers run to their end', async () => {
  const runs = fc.sample(runnableDesigns, { numRuns: RUNS, seed: SEED }).map(async (steps, index) => {
    const name = `${prefix}_${index}`;
    const { def } = compileSteps({ name, version: 1, steps });
    await conductor.createWorkflowDef(def);
    const id = await conductor.startWorkflow({ name, input: designInput });
    const { status, reasonForIncompletion } = await conductor.waitForEnd(id, { signal: AbortSignal.timeout(60_000) });
    await conductor.deleteWorkflowDef(name, 1);
    return { status, reasonForIncompletion, steps };
  });
  const unfinished = (await Promise.all(runs)).filter(({ status }) => status !== 'COMPLETED');
  expect(unfinished).toEqual([]);
});

test('an execution computes the values, choices, loops and results that its steps describe', async () => {
  const name = `${prefix}_whole`;
  const { def } = compileSteps({
    name,
    version: 1,
    steps: [
      { id: 'prices', type: 'jq', query: '.list | map(.v * 5.0)', input: { list: '${input.list}' } },
      {
        id: 'each',
        type: 'loop',
        over: '${prices}',
        steps: [{ id: 'twice', type: 'script', code: '${item} * 2 + ${index}' }],
        collect: { value: '${twice}', round: '${round}' },
      },
      {
        id: 'until-3',
        type: 'loop',
        rounds: 9,
        until: '${count.result} >= 3',
        steps: [{ id: 'count', type: 'script', code: '${round}' }],
      },
      {
        id: 'kind',
        type: 'branch',
        on: '${prices[0]}', // 5.0, because the server itself would compare the text "5.0" with the case 5
        cases: { 5: [{ type: 'set', values: { label: 'five' } }] },
        otherwise: [{ type: 'end', status: 'FAILED', reason: 'not five' }],
      },
      {
        id: 'both',
        type: 'parallel',
        branches: [
          { id: 'text', type: 'script', code: "'it is ' + ${vars.label}" },
          [{ id: 'quoted', type: 'script', code: '${input.text}.length' }],
        ],
      },
      {
        id: 'none',
        type: 'loop',
        over: '${input.missing}',
        steps: [{ type: 'set', values: { label: 'never' } }],
        collect: 1,
      },
    ],
    output: {
      each: '${each.results}',
      rounds: '${until-3.rounds}',
      case: '${kind.case}',
      text: '${text}',
      length: '${quoted.result}',
      none: '${none.results}',
    },
  });
  const workflowId = await conductor.startWorkflow({
    name,
    workflowDef: def,
    input: { list: [{ v: 1 }, { v: 2 }], text: `"); throw '`, missing: [] },
  });
  const { status, output, reasonForIncompletion } = await conductor.waitForEnd(workflowId);
  expect({ status, output, reasonForIncompletion }).toMatchObject({
    status: 'COMPLETED',
    output: {
      each: [
        { value: 10, round: 1 },
        { value: 21, round: 2 },
      ],
      rounds: 3,
      case: '5',
      text: 'it is five',
      length: 11,
      none: [],
    },
  });
});

test('an execution continues only after the approval that its steps require', async () => {
  const { def } = compileSteps({
    name: `${prefix}_ask`,
    version: 1,
    steps: [
      { id: 'ask', type: 'approval', question: 'Spend ${input.n}?' },
      { id: 'done', type: 'jq', query: '"done"' },
    ],
  });
  const outcome = async (answer: Record<string, unknown>) => {
    const id = await conductor.startWorkflow({ name: def.name, workflowDef: def, input: { n: 3 } });
    const asked = (await conductor.getExecution(id)).tasks.find(({ referenceTaskName }) => referenceTaskName === 'ask');
    const taskId = asked?.taskId ?? 'there is none';
    await conductor.updateTask({ workflowInstanceId: id, taskId, status: 'COMPLETED', outputData: answer });
    const { status, output, reasonForIncompletion } = await conductor.waitForEnd(id);
    return { status, output, reasonForIncompletion };
  };
  const [yes, no, neither] = await Promise.all([
    outcome({ approved: true }),
    outcome({ approved: false, comment: 'too much' }),
    outcome({}),
  ]);
  expect(yes).toMatchObject({ status: 'COMPLETED', output: { done: 'done' } });
  expect(no).toMatchObject({ status: 'TERMINATED', reasonForIncompletion: 'Rejected at ask: too much' });
  expect(neither).toMatchObject({ status: 'TERMINATED' });
});
