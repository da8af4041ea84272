import type { Acted, Problem, ToolCall } from '../../shared/messages.ts';

/** It is unknown whether the action happened. */
const IN_DOUBT: Problem = {
  code: 'unknown',
  message: 'The fleet did not answer, so it is unknown whether this happened.',
  remedy: 'Look at the page before you try again.',
};

/** Calls one of the product's tools. Never throws: a failure is an answer too. */
export async function send(call: ToolCall): Promise<Acted> {
  try {
    const headers = { 'Content-Type': 'application/json' };
    const response = await fetch('/console/act', { method: 'POST', headers, body: JSON.stringify(call) });
    return (await response.json()) as Acted; // our server wrote it
  } catch {
    return { error: IN_DOUBT };
  }
}

/** A tool that changes many executions counts those it could not change. */
export function failedIn(structured: unknown): number {
  const counts = (structured as { counts?: { failed?: unknown } } | undefined)?.counts; // only read, and checked below
  return typeof counts?.failed === 'number' ? counts.failed : 0;
}
