import fc from 'fast-check';
import { afterAll, describe, expect, inject, test } from 'vitest';
import { loadWorkflows } from '../../cli/load-content.ts';
import type { WorkflowDef } from '../../core/conductor/types.ts';
import { hasEnded } from '../../core/conductor/types.ts';
import { FleetError } from '../../core/errors.ts';
import { type Finding, lintWorkflow } from '../../workflows/lint/lint.ts';
import { GENERATED_INPUT, rightDefinitions, runnableDefinitions } from '../support/lint-generated.ts';
import { misplaced, mutated, mutations } from '../support/lint-mutations.ts';
import { traps } from '../support/lint-traps/index.ts';
import { choose, counted, def, fork, type Json, join, loop, noop } from '../support/lint-traps/trap.ts';
import { realConductor, unique } from '../support/product.ts';

/**
 * Lint and the real server check the same definitions.
 * 1. If lint reports no error, the server accepts the definition.
 * 2. If lint reports no error, executions of the definition end.
 */
const SEED = Number(process.env.LINT_SEED ?? 20261121);
const GENERATED = 60;
const MUTATED = 300;
const RUNS = 12;
const MISPLACED = 50;
const MOST_TASKS = 30;
const AT_ONCE = 8;
const RUNS_AT_ONCE = 4;
const LOOK_EVERY_MS = 50;
const DECIDE_EVERY = 20;
/** After this many decisions of the server, a loop in a loop has failed or does not progress any more. */
const NESTED_LOOKS = 40;
/** Only WAITs (one second) and JOINs on a busy server take time. */
const ENDS_WITHIN_MS = 45_000;

const conductor = realConductor();
afterAll(() => conductor.close());
const prefix = unique('lint').replace('-', '_');

/** Returns the server's reason to reject the definition, or undefined if the server accepts it. */
async function refusal(def: unknown): Promise<string | undefined> {
  try {
    await conductor.validateWorkflowDef(def as WorkflowDef);
    return undefined;
  } catch (error) {
    // The server rejects with 400 (a check failed) or 500 (unreadable). If it does not answer, the test fails.
    if (error instanceof FleetError && !/reach|timed out/i.test(error.message)) return error.message;
    throw error;
  }
}

async function inTurns<T, R>(items: readonly T[], atOnce: number, work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  const queue = items.entries();
  const turn = async () => {
    for (const [index, item] of queue) results[index] = await work(item);
  };
  await Promise.all(Array.from({ length: atOnce }, turn));
  return results;
}

const errorsIn = (findings: readonly Finding[]) => findings.filter(({ severity }) => severity === 'error');

/** Returns the definitions that lint accepts and the server rejects, each with the server's reason. */
async function disagreements(defs: readonly unknown[]): Promise<string[]> {
  const found = await inTurns(defs, AT_ONCE, async (def) => {
    if (errorsIn(lintWorkflow(def)).length > 0) return [];
    const why = await refusal(def);
    return why === undefined ? [] : [`seed ${SEED}: the server says ${why}\n${JSON.stringify(def)}`];
  });
  return found.flat();
}

function generated(count: number): Json[] {
  return fc.sample(rightDefinitions(prefix), { seed: SEED, numRuns: count });
}

describe('the server accepts every definition that lint accepts', () => {
  test('shipped definitions', async () => {
    const defs = (await loadWorkflows()).flatMap(({ def, companions = [] }) => [
      def,
      ...companions.map((one) => one.def),
    ]);
    expect(defs.flatMap((def) => errorsIn(lintWorkflow(def)))).toEqual([]);
    expect(await disagreements(defs)).toEqual([]);
  });

  test('random correct definitions', async () => {
    const defs = generated(GENERATED);
    expect(
      defs.flatMap((def) =>
        errorsIn(lintWorkflow(def)).map(({ rule, message }) => `${rule}: ${message}\n${JSON.stringify(def)}`),
      ),
    ).toEqual([]);
    expect(await disagreements(defs)).toEqual([]);
  });

  test('the server accepts random definitions with random mistakes, if lint accepts them', async () => {
    const arbitrary = fc.tuple(rightDefinitions(prefix), mutations).map(([def, made]) => mutated(def, made));
    const defs = fc.sample(arbitrary, { seed: SEED, numRuns: MUTATED });
    expect(await disagreements(defs)).toEqual([]);
    // The test proves nothing if lint finds an error in every definition or in none.
    const passed = defs.filter((def) => errorsIn(lintWorkflow(def)).length === 0).length;
    expect(passed).toBeGreaterThan(MUTATED / 20);
    expect(passed).toBeLessThan(MUTATED / 2);
  });
});

describe('lint reports every definition that the server rejects', () => {
  test.each(traps.map((trap) => [trap.name, trap] as const))('%s', async (_, { bad, right, answer }) => {
    expect((await refusal(bad)) === undefined ? 'registered' : 'refused').toBe(answer);
    if (answer === 'refused') expect(errorsIn(lintWorkflow(bad))).not.toEqual([]);
    expect(await refusal(right)).toBeUndefined();
  });
});

describe('an execution does not hang if lint accepts its definition', () => {
  test('random definitions end', async () => {
    const runs = fc.sample(runnableDefinitions(prefix, MOST_TASKS), { seed: SEED, numRuns: RUNS });
    expect(runs.flatMap((def) => errorsIn(lintWorkflow(def)))).toEqual([]);
    expect(await unended(runs)).toEqual([]);
  });

  test('executions of random definitions with moved tasks and JOINs end, if lint accepts the definitions', async () => {
    const arbitrary = fc
      .tuple(runnableDefinitions(prefix, MOST_TASKS), mutations)
      .map(([def, made]) => misplaced(def, made));
    const made = fc.sample(arbitrary, { seed: SEED, numRuns: MISPLACED });
    const clean = made.filter((def) => errorsIn(lintWorkflow(def)).length === 0);
    expect(clean.length).toBeGreaterThan(5);
    expect(clean.length).toBeLessThan(made.length);
    expect(await unended(clean.slice(0, RUNS))).toEqual([]);
  });

  /** Shows why the rule `NESTED_LOOP` exists: the server cannot run a loop in a loop. */
  test.each<[string, Json, string]>([
    ['fails, if its condition counts the rounds', loop('inner', counted('inner'), [noop('a')]), 'FAILED'],
    [
      'never ends, if it runs over items',
      loop('inner', 'true', [noop('a')], { items: '${workflow.input.list}' }),
      'RUNNING',
    ],
    ['also fails inside a SWITCH', choose('s', 1, { 1: [loop('inner', counted('inner'), [noop('a')])] }), 'FAILED'],
  ])('a loop in a loop %s', async (_, inner, expected) => {
    const outer = { ...def([loop('outer', counted('outer'), [inner])]), name: `${prefix}_nested` };
    const request = { name: outer.name, version: 1, input: { list: [1, 2] }, workflowDef: outer };
    const workflowId = await send('POST', '/workflow', request);
    for (let look = 0; look < NESTED_LOOKS; look++) {
      await send('PUT', `/workflow/decide/${workflowId}`);
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
    const { status, reasonForIncompletion } = await conductor.getExecution(workflowId);
    expect(status).toBe(expected);
    if (expected === 'FAILED') expect(reasonForIncompletion).toContain('Unable to evaluate condition');
    else await conductor.terminate(workflowId, 'it hangs');
  });

  /** Shows what the diagnosis and `join-on-retried` say about cancelled attempts. */
  test.each<[string, string, string, Json, readonly Json[]]>([
    ['', 'CANCELED', 'TERMINATED', {}, []],
    [' permissive', 'CANCELED', 'TERMINATED', { permissive: true }, []],
    [' (before a NOOP) permissive', 'COMPLETED', 'FAILED', { permissive: true }, [noop('n')]],
    [' optional', 'COMPLETED_WITH_ERRORS', 'COMPLETED', { optional: true }, []],
  ])('the JOIN of a cancelled%s task ends as %s, and the execution as %s', async (_, joined, ended, more, after) => {
    const held = { name: `${prefix}_held`, taskReferenceName: 'held', type: 'SIMPLE', ...more };
    const branches: Json[][] = [[held, ...after], [noop('b')]];
    const last = branches.map((branch) => String(branch.at(-1)?.taskReferenceName));
    const name = `${prefix}_cancelled`;
    const undo = { name: 'undo', taskReferenceName: 'undo', type: 'NOOP' };
    await conductor.putWorkflowDef({ name: `${name}_undo`, version: 1, schemaVersion: 2, tasks: [undo] });
    const workflowDef = {
      ...def([fork('fork', branches), join('join', last)]),
      name,
      failureWorkflow: `${name}_undo`,
    };
    const workflowId = await send('POST', '/workflow', { name, version: 1, workflowDef });
    await send('POST', `/tasks/${workflowId}/held/CANCELED`, {});
    const { status, tasks } = await conductor.waitForEnd(workflowId);
    expect([tasks.find(({ taskType }) => taskType === 'JOIN')?.status, status]).toEqual([joined, ended]);
    if (status === 'COMPLETED') return;
    const failureWorkflow = async () => (await conductor.getExecution(workflowId)).output['conductor.failure_workflow'];
    await expect.poll(failureWorkflow, { timeout: 20_000 }).toMatch(/^[0-9a-f-]{36}$/);
  });

  /** Runs the definitions, completes their open tasks, and returns the definitions whose executions do not end. */
  async function unended(runs: readonly Json[]): Promise<string[]> {
    const ends = await inTurns(runs, RUNS_AT_ONCE, async (def) => {
      const workflowId = await send('POST', '/workflow', {
        name: def.name,
        version: 1,
        input: GENERATED_INPUT,
        workflowDef: def,
      });
      const status = await carriedToItsEnd(workflowId);
      if (status === undefined) await conductor.terminate(workflowId, 'it hangs');
      return status === undefined ? [`seed ${SEED}: no end\n${JSON.stringify(def)}`] : [];
    });
    return ends.flat();
  }

  async function carriedToItsEnd(workflowId: string): Promise<string | undefined> {
    const givenUpAt = Date.now() + ENDS_WITHIN_MS;
    for (let look = 1; Date.now() < givenUpAt; look++) {
      const { status, tasks } = await conductor.getExecution(workflowId);
      if (hasEnded(status)) return status;
      const waiting = tasks.filter(
        (task) => !SERVED.has(task.taskType) && ['SCHEDULED', 'IN_PROGRESS'].includes(task.status),
      );
      for (const { referenceTaskName } of waiting)
        await send('POST', `/tasks/${workflowId}/${referenceTaskName}/COMPLETED`, { x: 1 });
      if (waiting.length > 0) continue;
      // After two simultaneous results the server can forget the next step until its next sweep. A decision has the same
      // effect as the sweep, and does not change a definition that really hangs.
      if (look % DECIDE_EVERY === 0) await send('PUT', `/workflow/decide/${workflowId}`);
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
    return undefined;
  }

  async function send(method: string, path: string, body?: unknown): Promise<string> {
    const headers = { 'content-type': 'application/json' };
    const url = `${inject('conductorServerUrl')}${path}`;
    const answer = await fetch(url, { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) });
    expect(answer.status, path).toBe(200);
    return answer.text();
  }
});

/** The task types that the server ends by itself. This test completes tasks of all other types. */
const SERVED: ReadonlySet<string> = new Set(
  'FORK JOIN SWITCH DO_WHILE INLINE JSON_JQ_TRANSFORM SET_VARIABLE NOOP WAIT EVENT SUB_WORKFLOW TERMINATE'.split(' '),
);
