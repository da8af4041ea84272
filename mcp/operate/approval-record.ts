import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Task } from '../../core/conductor/types.ts';
import { FleetError } from '../../core/errors.ts';
import type { Caller } from '../admission/permissions.ts';
import { callOf, quote, quoteIfUnusual } from '../shared/quote.ts';

/** Who decides, and how this is known. */
export type Decider = Pick<Caller, 'id' | 'name'> & { readonly knownBy: Caller['knownBy'] | 'command line' };

const KNOWN_BY = {
  token: 'authenticated',
  host: 'authenticated',
  configuration: 'the client says so',
  'command line': 'the command line says so',
} as const;

const record = z.looseObject({
  shown: z.string(),
  shownSha256: z.string(),
  deciderId: z.string(),
  knownBy: z.enum(Object.values(KNOWN_BY)),
  startedBy: z.string(),
  decidedByStarter: z.boolean(),
});

/** What a decision writes into the output of its task. `decidedAt` is in ISO 8601. */
const written = z.looseObject({
  approved: z.boolean().optional(),
  reason: z.string().optional(),
  decidedBy: z.string(),
  decidedAt: z.string(),
});

/** Fields of a task's output that only the record of a decision writes. */
export const RECORD_FIELDS = ['decidedBy', 'decidedAt', 'confirmedByPerson', 'approvalRecord'];

/** SHA-256 of a text or of the JSON of a value, in hexadecimal. */
export function digestOf(value: unknown): string {
  return createHash('sha256')
    .update(typeof value === 'string' ? value : JSON.stringify(value))
    .digest('hex');
}

interface Decided {
  readonly decider: Decider;
  /** The question, as it was shown. */
  readonly shown: string;
  /** The starters of the execution, from `startersOf`. */
  readonly starters: readonly string[];
}

/** What every decision writes into the output of its task. */
export function recordOf({ decider: { id, name, knownBy }, shown, starters }: Decided) {
  return {
    decidedBy: name,
    decidedAt: new Date().toISOString(),
    approvalRecord: record.parse({
      shown,
      shownSha256: digestOf(shown),
      deciderId: id,
      knownBy: KNOWN_BY[knownBy],
      startedBy: starters.at(-1) ?? 'unknown',
      decidedByStarter: starters.includes(id),
    }),
  };
}

/** How a task that no longer waits was decided. */
export function howEnded({ referenceTaskName, taskType, status, outputData }: Task): string {
  const name = quoteIfUnusual(referenceTaskName);
  const decision = written.safeParse(outputData).data;
  if (decision) {
    const { approved, decidedBy, decidedAt, reason } = decision;
    const by = `by ${quoteIfUnusual(decidedBy)} at ${quoteIfUnusual(decidedAt)}`;
    const what = approved === undefined ? 'answered' : approved ? 'approved' : 'rejected';
    return `${name} was ${what} ${by}${reason === undefined ? '' : `, with the reason ${quote(reason)}`}.`;
  }
  if (status === 'COMPLETED') return `${name} was answered with ${quote(JSON.stringify(outputData))}.`;
  if (status === 'IN_PROGRESS' || status === 'SCHEDULED')
    return `${name} (${quoteIfUnusual(taskType)}, ${status}) does not wait for a decision.`;
  return `${name} is ${status} and was not decided.`;
}

/** @throws FleetError `conflict` if the task asks about something else than it did when it was shown */
export function mustAskAsShown(now: Task, shown: Task): void {
  if (digestOf(now.inputData) === digestOf(shown.inputData)) return;
  const { referenceTaskName: taskRef, workflowInstanceId: executionId } = now;
  throw new FleetError('conflict', `${quoteIfUnusual(taskRef)} asks about something else now. Nothing was decided.`, {
    remedy: `Look at it again, then decide: ${callOf('list_pending_approvals', { executionId })}`,
  });
}
