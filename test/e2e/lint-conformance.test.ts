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
import { choose, counted, def, type Json, loop, noop } from '../support/lint-traps/trap.ts';
import { realConductor, unique } from '../support/product.ts';

/**
 * Lint and the real server check the same definitions.
 * 1. The server accepts every definition without a lint error. Lint has an error for every definition that the server rejects.
 * 2. Executions of definitions without a lint error end.
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
/** After this many decisions, a loop in a loop has either failed or stopped making progress. */
const NESTED_LOOKS = 40;
/** The tasks take no time, except WAITs of one second and JOINs on a busy server. */
const ENDS_WITHIN_MS = 45_000;

const conductor = realConductor();
afterAll(() => conductor.close());
const prefix = unique('lint').replace('-', '_');

/** Why the server rejects a definition; undefined if it accepts it. */
async function refusal(def: unknown): Promise<string | undefined> {
  try {
    await conductor.validateWorkflowDef(def as WorkflowDef);
    return undefined;
  } catch (error) {
    // The server answers 400 if a check fails, and 500 if it cannot read the definition. Without an answer the test fails.
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

/** The definitions that lint accepts and the server rejects, with the server's reason. */
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

describe('the server accepts what lint accepts', () => {
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

  test('random definitions with random mistakes', async () => {
    const arbitrary = fc.tuple(rightDefinitions(prefix), mutations).map(([def, made]) => mutated(def, made));
    const defs = fc.sample(arbitrary, { seed: SEED, numRuns: MUTATED });
    expect(await disagreements(defs)).toEqual([]);
    // If lint found an error in all of them, or in none, the test would prove nothing.
    const passed = defs.filter((def) => errorsIn(lintWorkflow(def)).length === 0).length;
    expect(passed).toBeGreaterThan(MUTATED / 20);
    expect(passed).toBeLessThan(MUTATED / 2);
  });
});

describe('lint reports what the server rejects', () => {
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

  test('random definitions with reordered tasks and other JOINs end, if lint accepts them', async () => {
    const arbitrary = fc
      .tuple(runnableDefinitions(prefix, MOST_TASKS), mutations)
      .map(([def, made]) => misplaced(def, made));
    const made = fc.sample(arbitrary, { seed: SEED, numRuns: MISPLACED });
    const clean = made.filter((def) => errorsIn(lintWorkflow(def)).length === 0);
    expect(clean.length).toBeGreaterThan(5);
    expect(clean.length).toBeLessThan(made.length);
    expect(await unended(clean.slice(0, RUNS))).toEqual([]);
  });

  /** Why `NESTED_LOOP` exists: what the server does with a loop in a loop. */
  test.each<[string, Json, string]>([
    ['whose condition counts its rounds fails', loop('inner', counted('inner'), [noop('a')]), 'FAILED'],
    ['over items never ends', loop('inner', 'true', [noop('a')], { items: '${workflow.input.list}' }), 'RUNNING'],
    ['in a SWITCH fails, too', choose('s', 1, { 1: [loop('inner', counted('inner'), [noop('a')])] }), 'FAILED'],
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

  /** Runs the definitions and returns those whose executions do not end. This test completes tasks that wait for a worker or a person. */
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
      // Two simultaneous results can make the server forget the next step until its next sweep; a decision replaces the sweep.
      // It does not help a definition that really hangs.
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

/** Task types that the server ends by itself. This test completes all others. */
const SERVED: ReadonlySet<string> = new Set(
  'FORK JOIN SWITCH DO_WHILE INLINE JSON_JQ_TRANSFORM SET_VARIABLE NOOP WAIT EVENT SUB_WORKFLOW TERMINATE'.split(' '),
);
