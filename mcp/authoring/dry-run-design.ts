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
import type { CompiledDesign } from '../../workflows/steps/compile-steps.ts';

/** The longest wait for a dry run within one call. */
const LIMIT_MS = 25_000;

/** The result of a dry run on the server. */
export type DryRunOutcome =
  | { readonly kind: 'passed'; readonly path: readonly string[]; readonly note?: string }
  | { readonly kind: 'failed'; readonly ref: string; readonly reason: string }
  | { readonly kind: 'unfinished'; readonly note: string };

/**
 * Runs a compiled design on the server's test endpoint with made-up answers. The run calls no outside service and leaves nothing behind.
 * @param compiled a design that was compiled with few rounds per loop
 */
export async function dryRunDesign(
  { def, taskDefs, answers }: CompiledDesign,
  input: Readonly<Record<string, unknown>>,
  { conductor, signal, log }: { conductor: Conductor; signal: AbortSignal; log: Logger },
): Promise<DryRunOutcome> {
  const byName = new Map(taskDefs.map((one) => [one.name, one]));
  const known = { workflows: [], taskDefOf: ({ name }: { name: string }) => byName.get(name) ?? { name } };
  const tasks = Object.fromEntries(Object.entries(answers.outputs).map(([ref, output]) => [ref, completes(output)]));
  const limit = AbortSignal.timeout(LIMIT_MS);
  try {
    const trace = await dryRun(
      conductor.detached(), // the clean-up must also run after a cancelled call; `signal` ends only the run
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
    return { kind: 'unfinished', note: `The dry run did not end within ${LIMIT_MS / 1000} s.` };
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
    return { kind: 'unfinished', note: `The dry run was still waiting at ${last?.ref ?? 'its start'}.` };
  return { kind: 'passed', path, note: `The dry run ended as ${status} at ${last?.ref ?? 'its start'}.` };
}

function isFailed({ status, type, unanswered }: Attempt): boolean {
  return ['FAILED', 'FAILED_WITH_TERMINAL_ERROR', 'TIMED_OUT'].includes(status) && type !== 'JOIN' && !unanswered;
}

/** Wraps a definition as a `Workflow`, because `dryRun` takes workflows as code defines them. */
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
