import { readFileSync } from 'node:fs';
import { executionSchema, pollDataSchema } from '../../../core/conductor/types.ts';
import { FleetError } from '../../../core/errors.ts';
import type { Reads } from '../../../mcp/analysis/facts.ts';

/** The answers of a real server to the analysis of one trouble. `record.ts` writes them. */
export interface Recorded {
  readonly executionId: string;
  /** The time of the recording, in epoch milliseconds. */
  readonly now: number;
  readonly executions: Record<string, unknown>;
  readonly queueSizes: Record<string, number>;
  readonly pollData: Record<string, unknown>;
}

/** Reads all recordings, by the name of the trouble. */
export function readRecorded(): Record<string, Recorded> {
  return JSON.parse(readFileSync(new URL('recorded.json', import.meta.url), 'utf8'));
}

/** Makes a reader for the analysis that answers from a recording. */
export function replay({ executions, queueSizes, pollData }: Recorded): Reads {
  return {
    async getExecution(id) {
      if (!(id in executions)) throw new FleetError('not-found', `No such execution: ${id}`);
      return executionSchema.parse(executions[id]);
    },
    queueSizes: async (types) => Object.fromEntries(types.map((type) => [type, queueSizes[type] ?? 0])),
    pollData: async (type) => pollDataSchema.array().parse(pollData[type] ?? []),
  };
}
