import { describe, expect, test } from 'vitest';
import { discover } from '../../core/content/discover.ts';
import { describeDiagnosis, diagnoseFacts } from '../../mcp/analysis/diagnose.ts';
import { readFacts } from '../../mcp/analysis/facts.ts';
import { classifyReason, innermostReason, reasonShape } from '../../mcp/analysis/failure-reason.ts';
import { unresolvedIn } from '../../mcp/analysis/unresolved-references.ts';
import { isTool } from '../../mcp/engine/define-tool.ts';
import { fakeExecution } from '../support/fake-conductor.ts';
import { endedTroubles } from '../support/troubles/ended-troubles.ts';
import { expected, type TroubleName } from '../support/troubles/expected.ts';
import { openTroubles } from '../support/troubles/open-troubles.ts';
import { type Recorded, readRecorded, replay } from '../support/troubles/recorded.ts';

const recorded = readRecorded();
const tools = await discover(new URL('../../mcp/tools/', import.meta.url), isTool, 'tool');

async function diagnose(trouble: TroubleName, laterMs = 0) {
  const record = recorded[trouble];
  if (!record) throw new Error(`There is no recording of ${trouble}. Record it: see test/support/troubles/record.ts.`);
  return diagnoseFacts(await readFacts(replay(record), record.executionId, record.now + laterMs));
}

/** The recording of the same execution, if its workflow were a saga. */
function asSaga(record: Recorded): Recorded {
  return JSON.parse(
    JSON.stringify(record).replaceAll('"inputData":{', '"inputData":{"_undoneBy":null,').replaceAll(',}', '}'),
  );
}

async function toolsAdvised(record: Recorded): Promise<(string | undefined)[]> {
  const { advice } = diagnoseFacts(await readFacts(replay(record), record.executionId, record.now));
  return advice.map(({ call }) => call?.tool);
}

describe('the diagnosis of an execution on a real server', () => {
  const troubles = Object.entries(expected).map(
    ([name, [cause, says, ...calls]]) => ({ name: name as TroubleName, cause, says, calls }), // the cast restores the key type, which Object.entries loses
  );

  test.each(troubles)('the trouble $name has the cause $cause', async ({ name, cause, says, calls }) => {
    const found = await diagnose(name);
    expect({ cause: found.cause, sentence: found.sentence }).toMatchObject({
      cause,
      sentence: expect.stringMatching(says),
    });
    expect(found.advice.flatMap(({ call }) => call?.tool ?? [])).toEqual(calls);
  });

  test('every trouble has a recording and an expected diagnosis', () => {
    const staged = Object.keys({ ...endedTroubles, ...openTroubles }).sort();
    expect(Object.keys(recorded).sort()).toEqual(staged);
    expect(Object.keys(expected).sort()).toEqual(staged);
  });

  test.each(troubles)(
    'the diagnosis of $name is shorter than 450 tokens and has no line of foreign text',
    async ({ name }) => {
      const { now = 0 } = recorded[name] ?? {};
      const text = describeDiagnosis(await diagnose(name), now);
      expect(text.length / 3.5).toBeLessThan(450);
      expect(text.split('\n').filter((line) => /^\s/.test(line))).toEqual([]);
    },
  );

  test('if the cause is in a nested sub-workflow, the diagnosis names the path to it', async () => {
    const { path, execution, asked } = await diagnose('grandchildFailed');
    expect(path.slice(0, 2)).toEqual(['task ship', 'task label']);
    expect(execution.workflowName).toBe('und_inner');
    expect(asked.workflowName).toBe('und_flow');
  });

  test('if a sub-workflow lacks an input, the advice is about the caller or parent that should give it', async () => {
    const ungiven = await diagnose('childUngiven');
    expect(ungiven.advice[0]?.call?.args).toMatchObject({ name: 'und_flow' });
    const unpassed = await diagnose('childUnpassed');
    expect(unpassed.advice[0]?.call?.args).toMatchObject({ name: 'und_flow', detail: 'json' });
  });

  test('if attempts fail for different reasons, the evidence lists each attempt', async () => {
    const { evidence } = await diagnose('workerFailed');
    expect(evidence).toEqual([
      expect.stringMatching(/^attempt 1 by worker w-1: FAILED after .*: "ledger is locked"$/),
      expect.stringMatching(/^attempt 2 by worker w-1: FAILED after .*: "ledger is still locked"$/),
    ]);
  });

  test('the evidence names the failure workflow and warns against a retry if that workflow undid the work', async () => {
    const { evidence } = await diagnose('undoneElsewhere');
    expect(evidence.at(-1)).toMatch(
      /failure workflow ran as execution [0-9a-f-]{36}\. If it undid the work, start the workflow again instead of retrying\.$/,
    );
  });

  test('if compensation has undone an execution, the advice is to start it again and never to retry it', async () => {
    const record = recorded.undoneElsewhere;
    if (!record) throw new Error('undoneElsewhere is not recorded');
    expect(await toolsAdvised(asSaga(record))).toEqual(['execute_workflow']);
  });

  test.each(['taskCancelled', 'childTerminated'] as const)(
    'if compensation has undone an execution after %s, the advice has one call, which starts it again',
    async (name) => {
      const record = recorded[name];
      if (!record) throw new Error(`${name} is not recorded`);
      const failureWorkflow = '"output":{"conductor.failure_workflow":"00000000-0000-4000-8000-000000000000",';
      const text = JSON.stringify(asSaga(record)).replaceAll('"output":{', failureWorkflow).replaceAll(',}', '}');
      expect(await toolsAdvised(JSON.parse(text))).toEqual(['execute_workflow']);
    },
  );

  test('if the server saw an earlier attempt of a task in a loop, the advice is not to change the definition', async () => {
    const text = JSON.stringify(recorded.joinTooEarly).replaceAll('"taskType":"JOIN"', '"taskType":"DO_WHILE"');
    const record: Recorded = JSON.parse(text.replaceAll('"joinOn":', '"none":'));
    expect(await toolsAdvised(record)).toEqual(['retry_workflow', 'execute_workflow']);
  });

  test.each([
    [0, 'bad-definition', /The JOIN "?join"? looked at task "?charge"? between a failed attempt and its retry/],
    [2, 'worker-error', /charge/],
  ])(
    'W2: if a JOIN failed with attempt %i of a task that may be retried twice, the cause is %s',
    async (retryCount, cause, says) => {
      const at = { startTime: 1_700_000_000_000, endTime: 1_700_000_001_000, workflowInstanceId: 'early' };
      const attempt = {
        taskId: 'a',
        taskType: 'charge',
        taskDefName: 'charge',
        referenceTaskName: 'charge',
        retryCount,
      };
      const tasks = [
        {
          ...attempt,
          ...at,
          status: 'FAILED',
          reasonForIncompletion: 'ledger is locked',
          seq: 2,
          taskDefinition: { retryCount: 2 },
        },
        {
          ...at,
          taskId: 'j',
          taskType: 'JOIN',
          referenceTaskName: 'join',
          status: 'FAILED',
          reasonForIncompletion: 'ledger is locked',
          seq: 3,
          inputData: { joinOn: ['charge'] },
        },
      ];
      const reason = "Task j failed with status: FAILED and reason: 'ledger is locked'";
      const execution = fakeExecution({
        ...at,
        workflowId: 'early',
        status: 'FAILED',
        reasonForIncompletion: reason,
        tasks,
      });
      const record = { ...recorded.joinTooEarly, executionId: 'early', executions: { early: execution } } as Recorded;
      const found = diagnoseFacts(await readFacts(replay(record), 'early', record.now));
      expect(found).toMatchObject({ cause, sentence: expect.stringMatching(says) });
      if (cause === 'bad-definition') expect(await toolsAdvised(record)).toEqual(['retry_workflow', 'get_workflow']);
    },
  );

  test('if a sub-workflow in a fork was terminated, the diagnosis leads from its parent to it', async () => {
    const { path, execution, asked } = await diagnose('childTerminated');
    expect(asked.status).toBe('TERMINATED');
    expect(path[0]).toBe('task part');
    expect(execution.workflowName).toBe('und_inner');
  });

  test.each(troubles)('the diagnosis of $name suggests calls that are valid without changes', async ({ name }) => {
    for (const { call } of (await diagnose(name)).advice) {
      const tool = tools.find((one) => one.name === call?.tool);
      if (tool) expect(tool.input.safeParse(call?.args).error?.issues, call?.tool).toBeUndefined();
    }
  });

  test('workers in another domain do not count as workers of the task', async () => {
    const { evidence } = await diagnose('otherDomain');
    expect(evidence).toContain('Workers poll for this type, but only with no domain.');
  });

  test('a server task that has run for minutes counts as stuck', async () => {
    expect((await diagnose('slowCall', 30_000)).cause).toBe('in-progress');
    const { cause, advice } = await diagnose('slowCall', 300_000);
    expect(cause).toBe('stuck');
    expect(advice.map(({ call }) => call?.tool)).toEqual(['terminate_workflow', 'retry_workflow']);
  });
});

describe('the reason of a failure', () => {
  test.each([
    ['GET http://shop/weather answered 503: {}', 'upstream', 'failing'],
    ['GET http://shop/weather failed: connect ECONNREFUSED 127.0.0.1:1', 'upstream', 'unreachable'],
    ['Request failed with status code 422', 'upstream', 'refused'],
    ['answered with 429', 'upstream', 'slow-down'],
    ['fetch_weather ran out of time.', 'timeout', 'handler-timeout'],
    ['The input of a_b is too large: the server keeps it where workers cannot read it.', 'bad-input', 'too-large'],
    ['This execution has failed before and was undone by X. Start a new one.', 'terminated', 'undone'],
    ['Order 404 was lost', 'worker-error', 'said-so'],
    ['', 'worker-error', 'said-so'],
  ] as const)('%j is classified as %s, %s', (reason, cause, kind) => {
    expect(classifyReason(reason)).toMatchObject({ cause, kind });
  });

  test('innermostReason finds the reason inside the sentences that the server adds', () => {
    const wrapped = `Sub workflow inner.1/9d1b41ff failure reason: Task 86aaf492-4548-4778-904c-387e5daafba7 failed with status: FAILED and reason: 'out of 'stock''`;
    expect(innermostReason(wrapped)).toContain("out of 'stock");
  });

  test('two reasons have the same shape if they differ only in ids and numbers', () => {
    const reason = (id: string, n: number) =>
      `Task ${id} failed with status: FAILED and reason: 'order ${n} is locked'`;
    const [a, b] = ['49a32563-d3bf-4f83-9cf4-6743db834dd7', 'f95ca448-c484-4d83-9bbb-41b58c374cd6'];
    expect(reasonShape(reason(a ?? '', 17))).toBe(reasonShape(reason(b ?? '', 4711)));
    expect(reasonShape('order is locked')).not.toBe(reasonShape('order is lost'));
  });
});

test('unresolvedIn finds references that became null, alone or within a text', () => {
  const wired = { url: '${a.output.url}', text: 'id ${workflow.input.id}!', fine: '${a.output.x}', both: '${b}${c}' };
  const given = { url: null, text: 'id null!', fine: 'null', both: 'nullnull' };
  expect(unresolvedIn(wired, given)).toEqual([
    { parameter: 'url', path: 'a.output.url' },
    { parameter: 'text', path: 'workflow.input.id' },
  ]);
});
