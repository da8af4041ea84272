import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { loadWorkflows } from '../../cli/content.ts';
import type { WorkflowDef } from '../../core/conductor/types.ts';
import { hasEnded } from '../../core/conductor/types.ts';
import { FleetError } from '../../core/errors.ts';
import { type Finding, lintWorkflow } from '../../workflows/lint/index.ts';
import { GENERATED_INPUT, type Generated, rightDefinitions, runnableDefinitions } from '../support/lint-generated.ts';
import { mutated, mutations } from '../support/lint-mutations.ts';
import { traps } from '../support/lint-traps/index.ts';
import type { Json } from '../support/lint-traps/trap.ts';
import { realConductor, unique } from '../support/product.ts';

/**
 * Lint and the real server are asked about the same definitions.
 * 1. What lint passes the server takes; what the server refuses lint has an error for.
 * 2. What lint passes and the server runs comes to an end.
 */
const SEED = Number(process.env.LINT_SEED ?? 20261121);
const GENERATED = 60;
const MUTATED = 600;
const DRY_RUNS = 25;
const MOST_TASKS = 30;
const AT_ONCE = 8;
/** Tasks of a dry run take no time, but for WAITs of a second and JOINs of a busy server. */
const ENDS_WITHIN_MS = 12_000;

const conductor = realConductor();
afterAll(() => conductor.close());
const prefix = unique('lint').replace('-', '_');

/** Why the server refuses a definition, or undefined if it takes it. */
async function refusal(def: unknown): Promise<string | undefined> {
  try {
    await conductor.validateWorkflowDef(def as WorkflowDef);
    return undefined;
  } catch (error) {
    // 400 for what it checks, 500 for what it cannot read: both are its answer. No answer is none.
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

/** The definitions that lint passes and the server refuses, each with what the server says. */
async function disagreements(defs: readonly unknown[]): Promise<string[]> {
  const found = await inTurns(defs, AT_ONCE, async (def) => {
    if (errorsIn(lintWorkflow(def)).length > 0) return [];
    const why = await refusal(def);
    return why === undefined ? [] : [`seed ${SEED}: the server says ${why}\n${JSON.stringify(def)}`];
  });
  return found.flat();
}

function generated(count: number): Generated[] {
  return fc.sample(rightDefinitions(prefix), { seed: SEED, numRuns: count });
}

describe('what lint passes the server takes', () => {
  test('shipped definitions', async () => {
    const defs = (await loadWorkflows()).flatMap(({ def, companions = [] }) => [
      def,
      ...companions.map((one) => one.def),
    ]);
    expect(defs.flatMap((def) => errorsIn(lintWorkflow(def)))).toEqual([]);
    expect(await disagreements(defs)).toEqual([]);
  });

  test('definitions made at random that are right by the way they are made', async () => {
    const defs = generated(GENERATED).map(({ def }) => def);
    expect(
      defs.flatMap((def) =>
        errorsIn(lintWorkflow(def)).map(({ rule, message }) => `${rule}: ${message}\n${JSON.stringify(def)}`),
      ),
    ).toEqual([]);
    expect(await disagreements(defs)).toEqual([]);
  });

  test('the same with mistakes made in them at random', async () => {
    const arbitrary = fc.tuple(rightDefinitions(prefix), mutations).map(([{ def }, made]) => mutated(def, made));
    const defs = fc.sample(arbitrary, { seed: SEED, numRuns: MUTATED });
    expect(await disagreements(defs)).toEqual([]);
    // Mistakes of which lint finds all, or none, would prove nothing.
    const passed = defs.filter((def) => errorsIn(lintWorkflow(def)).length === 0).length;
    expect(passed).toBeGreaterThan(MUTATED / 20);
    expect(passed).toBeLessThan(MUTATED / 2);
  });
});

describe('what the server refuses lint refuses first', () => {
  test.each(traps.map((trap) => [trap.name, trap] as const))('%s', async (_, { bad, right, answer }) => {
    expect((await refusal(bad)) === undefined ? 'registered' : 'refused').toBe(answer);
    if (answer === 'refused') expect(errorsIn(lintWorkflow(bad))).not.toEqual([]);
    expect(await refusal(right)).toBeUndefined();
  });
});

describe('what lint passes does not hang', () => {
  test('definitions made at random come to an end', async () => {
    const runs = fc.sample(runnableDefinitions(prefix, MOST_TASKS), { seed: SEED, numRuns: DRY_RUNS });
    expect(runs.flatMap(({ def }) => errorsIn(lintWorkflow(def)))).toEqual([]);
    const ends = await inTurns([...runs.entries()], 2, async ([index, { def, mocks }]) => {
      // Two updates at the same moment can make the server put off the next step by half a minute. What hangs for its form hangs each time.
      const ended =
        (await endOfDryRun(`${prefix}_${index}a`, def, mocks)) ??
        (await endOfDryRun(`${prefix}_${index}b`, def, mocks));
      return ended === 'COMPLETED' ? [] : [`seed ${SEED}: ${ended ?? 'no end'}\n${JSON.stringify(def)}`];
    });
    expect(ends.flat()).toEqual([]);
  });

  async function endOfDryRun(name: string, def: Json, mocks: Generated['mocks']): Promise<string | undefined> {
    const patient = conductor.withSignal(AbortSignal.timeout(ENDS_WITHIN_MS));
    const workflowDef = { ...def, name } as unknown as WorkflowDef;
    const request = {
      name,
      version: 1,
      input: GENERATED_INPUT,
      workflowDef,
      taskRefToMockOutput: structuredClone(mocks),
    };
    try {
      const { workflowId, status } = await patient.testWorkflow(request);
      return hasEnded(status) ? status : (await patient.waitForEnd(workflowId)).status;
    } catch {
      return undefined;
    } finally {
      const { results } = await conductor.searchExecutions({ query: `workflowType=${name}` });
      for (const { workflowId, status } of results) {
        if (!hasEnded(status)) await conductor.terminate(workflowId, 'the test is over');
        await conductor.removeExecution(workflowId);
      }
    }
  }
});
