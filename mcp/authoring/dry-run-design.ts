import { z } from 'zod';
import type { Conductor } from '../../core/conductor/api.ts';
import type { WorkflowDef } from '../../core/conductor/types.ts';
import type { TaskPolicy, Workflow } from '../../core/contract.ts';
import { FleetError } from '../../core/errors.ts';
import type { Logger } from '../../core/log.ts';
import { dryRun, inTurn } from '../../workflows/scenario/dry-run.ts';
import { pathOf } from '../../workflows/scenario/judge.ts';
import { completes } from '../../workflows/scenario/mocks.ts';
import type { Attempt, Trace } from '../../workflows/scenario/trace.ts';
import type { Compiled } from '../../workflows/steps/compile-steps.ts';

/** Longer than that nobody waits for a rehearsal within one call. */
const LIMIT_MS = 25_000;

/** What a rehearsal on the server came to. */
export type DryRunOutcome =
  | { readonly kind: 'passed'; readonly path: readonly string[]; readonly note?: string }
  | { readonly kind: 'failed'; readonly ref: string; readonly reason: string }
  | { readonly kind: 'unfinished'; readonly note: string };

/**
 * Runs a compiled design on the server's test endpoint with made-up answers: nothing outside is called, and nothing stays.
 * @param compiled with few rounds
 */
export async function dryRunDesign(
  { def, taskDefs, answers }: Compiled,
  input: Readonly<Record<string, unknown>>,
  { conductor, signal, log }: { conductor: Conductor; signal: AbortSignal; log: Logger },
): Promise<DryRunOutcome> {
  const byName = new Map(taskDefs.map((one) => [one.name, one]));
  const known = { workflows: [], taskDefOf: ({ name }: { name: string }) => byName.get(name) ?? { name } };
  const tasks = Object.fromEntries(Object.entries(answers.outputs).map(([ref, output]) => [ref, completes(output)]));
  const limit = AbortSignal.timeout(LIMIT_MS);
  try {
    const trace = await dryRun(
      conductor.detached(), // it removes what it made, also when the call was cancelled; "signal" ends it

      workflowOf(def, [...byName.keys()]),
      { input: { ...answers.input, ...input }, tasks, expect: { status: 'COMPLETED' } },
      {
        known,
        signal: AbortSignal.any([signal, limit]),
        keep: false,
        note: (line) => log.warn(line),
        cleaning: inTurn(),
      },
    );
    return outcomeOf(trace);
  } catch (error) {
    signal.throwIfAborted();
    if (!limit.aborted || !(error instanceof FleetError)) throw error;
    return { kind: 'unfinished', note: `The dry run was not over after ${LIMIT_MS / 1000} s.` };
  }
}

function outcomeOf(trace: Trace): DryRunOutcome {
  const { status } = trace.execution;
  const path = pathOf(trace);
  if (status === 'COMPLETED') return { kind: 'passed', path };
  const failed = trace.attempts.findLast(isFailed);
  if (failed) return { kind: 'failed', ref: failed.ref, reason: failed.reason ?? failed.status };
  const last = trace.attempts.at(-1);
  if (status === 'RUNNING')
    return { kind: 'unfinished', note: `The dry run still waited at ${last?.ref ?? 'its start'}.` };
  return { kind: 'passed', path, note: `It ended as ${status} at ${last?.ref ?? 'its start'}.` };
}

function isFailed({ status, type, unanswered }: Attempt): boolean {
  return ['FAILED', 'FAILED_WITH_TERMINAL_ERROR', 'TIMED_OUT'].includes(status) && type !== 'JOIN' && !unanswered;
}

/** A dry run knows workflows from code; this one is known by its definition only. */
function workflowOf(def: WorkflowDef, policies: readonly string[]): Workflow {
  const anything = z.looseObject({});
  const tasks = policies.map((name): TaskPolicy => ({ kind: 'policy', name, description: '', options: {} }));
  return {
    kind: 'workflow',
    name: def.name,
    version: def.version,
    description: '',
    input: anything,
    output: anything,
    tasks,
    def,
  };
}
