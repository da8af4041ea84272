import { z } from 'zod';

const decision = z.looseObject({
  approved: z.boolean(),
  reason: z.string(),
  decidedBy: z.string(),
  decidedAt: z.string(),
});

/** What `decide_approval` writes into the output of a task. `decidedAt` is in ISO 8601. */
export type WrittenDecision = z.output<typeof decision>;

/** Fields of a decision that nobody else may write. */
export const writtenFields = ['approved', 'reason', 'decidedBy', 'decidedAt', 'confirmedByPerson'];

/** The decision in a task's output; undefined if somebody answered it in another way. */
export function decisionIn(output: unknown): WrittenDecision | undefined {
  return decision.safeParse(output).data;
}
