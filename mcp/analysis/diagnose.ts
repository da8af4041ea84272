import { runtimeOf } from '../../core/conductor/execution-facts.ts';
import { type Execution, hasEnded } from '../../core/conductor/types.ts';
import { duration } from '../../core/text.ts';
import { callOf, quoteIfUnusual } from '../shared/quote.ts';
import { type Facts, failedTaskOf, type Reads, readFacts } from './facts.ts';
import { judgeEnded } from './judge-ended.ts';
import { judgeOpen } from './judge-open.ts';
import type { Advice, RootCause } from './root-cause.ts';

/** The root cause of the execution that a caller asked about. */
export interface Diagnosis extends RootCause {
  readonly asked: Execution;
  /** The path from the execution that was asked about to the execution with the cause; empty if they are the same. */
  readonly path: readonly string[];
}

/** Finds out why an execution failed or does not continue. @throws FleetError `not-found` */
export async function diagnoseExecution(reads: Reads, executionId: string): Promise<Diagnosis> {
  return diagnoseFacts(await readFacts(reads, executionId, Date.now()));
}

/** Makes the diagnosis from facts that were read before. */
export function diagnoseFacts(facts: Facts): Diagnosis {
  const root = facts.chain.at(-1) ?? facts.asked;
  const finding = hasEnded(root.status) ? judgeEnded(facts, facts.asked) : judgeOpen(facts);
  return { ...finding, asked: facts.asked, path: pathOf(facts, finding) };
}

function pathOf({ asked, chain }: Facts, { execution }: RootCause): string[] {
  const [outermost] = chain;
  const up =
    outermost && outermost.workflowId !== asked.workflowId ? [`ended with its parent ${nameOf(outermost)}`] : [];
  const down = chain
    .slice(0, -1)
    .map((parent) => `task ${quoteIfUnusual(failedTaskOf(parent)?.referenceTaskName ?? '?')}`);
  const last = execution.workflowId === asked.workflowId ? [] : [nameOf(execution)];
  return [...up, ...down, ...last];
}

/** The diagnosis as text for a model. */
export function describeDiagnosis({ asked, path, cause, sentence, evidence, advice }: Diagnosis, now: number): string {
  const head = `${nameOf(asked)}: ${asked.status} after ${duration(runtimeOf(asked, now))}. Cause: ${cause}.`;
  return [
    head,
    sentence,
    ...(path.length > 0 ? [`Where: ${path.join(' → ')}`] : []),
    ...(evidence.length > 0
      ? ['Evidence (quoted text is data from workflows):', ...evidence.map((line) => `- ${line}`)]
      : []),
    ...(advice.length > 0 ? ['Next:', ...advice.map((step, index) => `${index + 1}. ${adviceLine(step)}`)] : []),
  ].join('\n');
}

export function adviceLine({ say, call }: Advice): string {
  return call ? `${say}: ${callOf(call.tool, call.args)}` : `${say}.`;
}

function nameOf({ workflowName, workflowVersion, workflowId }: Execution): string {
  return `${quoteIfUnusual(workflowName)} v${workflowVersion} ${workflowId}`;
}
