import { describe, expect, test } from 'vitest';
import type { Diagram, Node } from '../../workflows/diagram/diagram.ts';
import { drawDefinition } from '../../workflows/diagram/draw.ts';
import { everyHead, fold } from '../../workflows/diagram/fold.ts';
import { toMermaid } from '../../workflows/diagram/to-mermaid.ts';
import { toSvg } from '../../workflows/diagram/to-svg.ts';
import { toText } from '../../workflows/diagram/to-text.ts';
import { definition, drawn, drawnRun, step } from '../support/diagrams.ts';

const kinds = ({ nodes }: Diagram) => nodes.map(({ kind }) => kind);
const heads = ({ nodes }: Diagram) => [...everyHead(nodes)];
const only = ({ nodes }: Diagram): Node => {
  const [node] = nodes;
  if (!node || nodes.length > 1) throw new Error(`there are ${nodes.length} nodes`);
  return node;
};

describe('a task shows its most important field as its detail', () => {
  test.each([
    [step('a', 'HTTP', { inputParameters: { http_request: { method: 'POST', uri: 'http://x' } } }), 'POST http://x'],
    [step('a', 'HTTP', { inputParameters: { method: 'GET', uri: 'http://x' } }), 'GET http://x'],
    [step('a', 'SWITCH', { evaluatorType: 'graaljs', expression: '$.v > 5' }), '$.v > 5'],
    [
      step('a', 'DECISION', { caseValueParam: 'k', inputParameters: { k: '${workflow.input.k}' } }),
      '${workflow.input.k}',
    ],
    [step('a', 'DO_WHILE', { loopCondition: 'if ($.a < 2) { true; } else { false; }' }), 'while $.a < 2'],
    [
      step('a', 'DO_WHILE', { items: '${workflow.input.xs}', loopCondition: 'true' }),
      'for each of ${workflow.input.xs}',
    ],
    [step('a', 'SUB_WORKFLOW', { subWorkflowParam: { name: 'Child', version: 2 } }), 'Child v2'],
    [step('a', 'START_WORKFLOW', { inputParameters: { startWorkflow: { name: 'Child' } } }), 'Child'],
    [
      step('a', 'TERMINATE', { inputParameters: { terminationStatus: 'FAILED', terminationReason: 'bad' } }),
      'FAILED bad',
    ],
    [step('a', 'WAIT', { inputParameters: { duration: '2 s' } }), '2 s'],
    [step('a', 'WAIT', { inputParameters: { until: '2026-11-21' } }), 'until 2026-11-21'],
    [step('a', 'EVENT', { sink: 'conductor:x' }), 'conductor:x'],
    [step('a', 'JOIN', { joinOn: ['b', 'c'] }), 'waits for b, c'],
    [step('a', 'INLINE', { inputParameters: { expression: '1 + 1' } }), '1 + 1'],
    [step('a', 'JSON_JQ_TRANSFORM', { inputParameters: { queryExpression: '.x' } }), '.x'],
    [step('a', 'SET_VARIABLE', { inputParameters: { x: 1, y: 2 } }), 'x, y'],
    [step('a', 'CALL_MCP_TOOL', { inputParameters: { mcpServer: 'http://m', method: 'add' } }), 'add at http://m'],
    [step('a', 'LLM_CHAT_COMPLETE', { inputParameters: { llmProvider: 'openai', model: 'm' } }), 'openai m'],
    [step('a', 'DYNAMIC', { dynamicTaskNameParam: 'tn', inputParameters: { tn: '${x.output.y}' } }), '${x.output.y}'],
    [step('a', 'KAFKA_PUBLISH', { inputParameters: { kafka_request: { topic: 't' } } }), 't'],
    [step('a', 'HUMAN'), undefined],
    [step('a', 'SOMETHING_ELSE'), undefined],
  ])('for %j', (task, detail) => {
    expect(only(drawn(task))).toMatchObject({ ref: 'a', type: task.type, ...(detail && { detail }) });
    if (!detail) expect(only(drawn(task))).not.toHaveProperty('detail');
  });
});

describe('malformed definitions', () => {
  test.each<[string, unknown[], string[]]>([
    ['no tasks', [], []],
    ['entries that are not tasks', [null, 1, 'x', [step('a')]], []],
    ['a task without any field', [{}], ['task']],
    ['a fork without branches', [step('f', 'FORK_JOIN'), step('j', 'JOIN')], ['parallel']],
    ['branches that are not lists', [step('f', 'FORK_JOIN', { forkTasks: [1, null, 'x'] })], ['parallel']],
    ['a JOIN without a fork', [step('j', 'JOIN', { joinOn: 'x' })], ['task']],
    ['cases that are not an object', [step('s', 'SWITCH', { decisionCases: [[step('a')]] })], ['choice']],
    ['an empty loop', [step('l', 'DO_WHILE')], ['loop']],
    [
      'fields of the wrong type',
      [step('h', 'HTTP', { inputParameters: 'x' }), step('s', 'SUB_WORKFLOW', { subWorkflowParam: 3 })],
      ['task', 'task'],
    ],
    ['a number as the type of a task', [{ name: 1, taskReferenceName: 2, type: 3 }], ['task']],
    [
      'references named like members of Object.prototype',
      [step('constructor', '__proto__'), step('x', 'toString')],
      ['task', 'task'],
    ],
  ])('a definition with %s is drawn', (_, tasks, expected) => {
    const diagram = drawn(...tasks);
    expect(kinds(diagram)).toEqual(expected);
    for (const one of [diagram, drawnRun(definition(...tasks), [])]) {
      expect(toText(one)).toContain('Probe v1');
      expect(toMermaid(one)).toMatch(/^flowchart TD\n/);
      expect(toSvg(one)).toMatch(/<\/svg>\n$/);
    }
  });

  test('a definition whose tasks are not a list is drawn without tasks', () => {
    expect(drawDefinition({ name: 'X', tasks: { a: 1 } })).toEqual({ name: 'X', version: 1, nodes: [] });
  });
});

describe('an execution', () => {
  test('all attempts of a task are drawn as one task, from the start of the first to the end of the last attempt', () => {
    const diagram = drawnRun(definition(step('a')), [
      { ref: 'a', status: 'TIMED_OUT', from: 0, to: 100 },
      { ref: 'a', status: 'FAILED', from: 500, to: 600 },
      { ref: 'a', from: 1000, to: 1200 },
    ]);
    expect(only(diagram)).toMatchObject({ run: { status: 'COMPLETED', attempts: 3, ms: 1200 } });
  });

  test('the duration of an open task is counted until now', () => {
    const diagram = drawnRun(definition(step('a')), [{ ref: 'a', status: 'IN_PROGRESS', from: 1000 }]);
    expect(only(diagram)).toMatchObject({ run: { status: 'IN_PROGRESS', ms: 4000 } });
  });

  test('a dynamic fork shows no branches before it runs, and its real branches afterwards', () => {
    const def = definition(step('fan', 'FORK_JOIN_DYNAMIC', { dynamicForkTasksParam: 'ts' }), step('wait', 'JOIN'));
    const forkedTaskDefs = [step('x'), step('y', 'SUB_WORKFLOW', { subWorkflowParam: { name: 'Child', version: 1 } })];
    const ran = drawnRun(def, [
      { ref: 'fan', type: 'FORK', input: { forkedTaskDefs } },
      { ref: 'x' },
      { ref: 'y', type: 'SUB_WORKFLOW', status: 'FAILED', subWorkflowId: 'id-2' },
      { ref: 'wait', type: 'JOIN', status: 'FAILED' },
    ]);
    expect(heads(ran).map(({ ref, run }) => [ref, run?.status])).toEqual([
      ['fan', 'COMPLETED'],
      ['x', 'COMPLETED'],
      ['y', 'FAILED'],
      ['wait', 'FAILED'],
    ]);
    for (const text of [toText(ran), toMermaid(ran), toSvg(ran)]) expect(text).toContain('id-2');
    expect(toText(drawnRun(def, []))).toContain('(the number of branches is known only at run time)');
  });

  test.each<[string, Record<string, unknown>, string | undefined]>([
    ['the case that the output names', { selectedCase: 'a' }, 'a'],
    ['the default case if the named case does not exist', { selectedCase: 'zzz' }, 'otherwise'],
    ['an empty case if the output names it', { evaluationResult: ['b'] }, 'b'],
    ['the case that the output of a DECISION names', { caseOutput: ['a'] }, 'a'],
    ['no case before the output names one', {}, undefined],
  ])('a SWITCH shows as taken: %s', (_, output, taken) => {
    const def = definition(
      step('s', 'SWITCH', { decisionCases: { a: [step('in_a')], b: [] }, defaultCase: [step('in_d')] }),
    );
    const choice = only(drawnRun(def, [{ ref: 's', type: 'SWITCH', output }]));
    const cases = choice.kind === 'choice' ? choice.cases : [];
    expect(cases.map(({ label }) => label)).toEqual(['a', 'b', 'otherwise']);
    expect(cases.find((one) => one.taken)?.label).toBe(taken);
    expect(cases.filter((one) => one.taken === false)).toHaveLength(taken ? 2 : 0);
  });

  test('a note says that the server did not keep some rounds', () => {
    const def = definition(step('l', 'DO_WHILE', { loopOver: [step('in')] }));
    const text = toText(drawnRun(def, [{ ref: 'l', type: 'DO_WHILE' }, { ref: 'in__8' }, { ref: 'in__9' }]));
    expect(text).toContain('(the server did not keep the rounds before 8 (keepLastN))');
    expect(text).toMatch(/round 8[\s\S]*round 9/);
    expect(text).not.toContain('round 1');
  });

  test('each round of an outer loop shows its own rounds of the inner loop', () => {
    const inner = step('inner', 'DO_WHILE', { loopOver: [step('deep')] });
    const diagram = drawnRun(definition(step('outer', 'DO_WHILE', { loopOver: [inner] })), [
      { ref: 'outer', type: 'DO_WHILE' },
      { ref: 'inner__1', type: 'DO_WHILE' },
      { ref: 'deep__1' },
      { ref: 'deep__2', status: 'CANCELED' },
      { ref: 'inner__2', type: 'DO_WHILE' },
      { ref: 'deep__1', status: 'FAILED' },
    ]);
    const found = heads(diagram).map(({ ref, run }) => `${ref} ${run?.status}`);
    expect(found).toEqual([
      'outer COMPLETED',
      'inner COMPLETED',
      'deep COMPLETED',
      'deep CANCELED',
      'inner COMPLETED',
      'deep FAILED',
    ]);
  });

  test('an optional task is marked (optional)', () => {
    const diagram = drawn(step('a', 'HTTP', { optional: true }), step('b', 'HTTP', { optional: 'yes' }));
    expect(toText(diagram)).toBe('Probe v1\n├─ a  HTTP (optional)\n└─ b  HTTP');
  });

  test('the diagram also shows tasks that are not in the definition', () => {
    const text = toText(drawnRun(definition(step('a')), [{ ref: 'a' }, { ref: 'stranger', type: 'HTTP' }]));
    expect(text).toMatch(/\(not in the definition:\)\n└─ stranger {2}HTTP/);
  });
});

describe('a long execution is folded', () => {
  const many = (n: number, make: (index: number) => unknown) => Array.from({ length: n }, (_, index) => make(index));

  test('fold hides consecutive tasks that succeeded', () => {
    const refs = many(200, (index) => `t${index}`) as string[];
    const { diagram, hidden } = fold(
      drawnRun(
        definition(...refs.map((ref) => step(ref))),
        refs.map((ref) => ({ ref, status: ref === 't100' ? 'FAILED' : 'COMPLETED' })),
      ),
    );
    expect(hidden).toBe(200 - 3 - 3 - 1 - 3 - 3);
    expect(heads(diagram).map(({ ref }) => ref)).toContain('t100');
    expect(toText(diagram)).toContain('(94 more tasks, all COMPLETED)');
    expect(toText(diagram).split('\n').length).toBeLessThan(20);
  });

  test('fold shows the first branches and every failed or open branch, and hides the rest', () => {
    const refs = many(300, (index) => `b${index}`) as string[];
    const def = definition(step('f', 'FORK_JOIN', { forkTasks: refs.map((ref) => [step(ref)]) }), step('j', 'JOIN'));
    const status = (ref: string) => (ref === 'b250' ? 'FAILED' : ref === 'b251' ? 'IN_PROGRESS' : 'COMPLETED');
    const run = drawnRun(def, [{ ref: 'f', type: 'FORK' }, ...refs.map((ref) => ({ ref, status: status(ref) }))]);
    const { diagram, hidden } = fold(run);
    expect(hidden).toBe(295);
    expect(heads(diagram).map(({ ref }) => ref)).toEqual(['f', 'b0', 'b1', 'b2', 'b250', 'b251', 'j']);
    expect(toText(diagram)).toMatch(/→ branch 251\n.*b250 .*FAILED[\s\S]*\n.*└─ \(295 more branches: 295 COMPLETED\)/);
  });

  test('fold shows the first, the last and every failed round, and hides the rest', () => {
    const def = definition(step('l', 'DO_WHILE', { loopOver: [step('in')] }));
    const rows = many(50, (index) => ({ ref: `in__${index + 1}`, status: index === 29 ? 'TIMED_OUT' : 'COMPLETED' }));
    const run = drawnRun(def, [{ ref: 'l', type: 'DO_WHILE' }, ...(rows as { ref: string; status: string }[])]);
    const { diagram, hidden } = fold(run);
    expect(hidden).toBe(46);
    const labels = toText(diagram)
      .split('\n')
      .flatMap((line) => /(→ round \d+|\(rounds? .*\))/.exec(line)?.[0] ?? []);
    expect(labels).toEqual([
      '→ round 1',
      '(rounds 2 to 29: 28 COMPLETED)',
      '→ round 30',
      '(rounds 31 to 48: 18 COMPLETED)',
      '→ round 49',
      '→ round 50',
    ]);
    expect(toText(diagram)).toContain('50 rounds');
    expect(toMermaid(diagram)).toContain('rounds 2 to 29#58; 28 COMPLETED');
    expect(toSvg(diagram)).toContain('rounds 2 to 29: 28 COMPLETED');
  });

  test('fold hides nothing in a definition', () => {
    const diagram = drawn(...many(200, (index) => step(`t${index}`)));
    expect(fold(diagram)).toEqual({ diagram, hidden: 0 });
  });
});
