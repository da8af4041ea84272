import type { Conductor } from '../../../core/conductor/api.ts';
import type { Execution, ExecutionSummary } from '../../../core/conductor/types.ts';
import { orUndefined } from '../../../core/errors.ts';
import { inParallel } from '../../../core/in-parallel.ts';

/** Rows the server hands out at once. */
const PAGE = 500;
/** Executions whose times and states are counted: the newest of the time looked at. */
const MOST_SUMMARIES = 2000;
/** Executions that are read with their tasks, spread evenly over the others. */
const MOST_READ = 100;
const AT_ONCE = 8;

export interface Scope {
  readonly workflowName: string;
  readonly version?: number | undefined;
  /** Epoch milliseconds. */
  readonly since: number;
}

export interface Sample {
  /** Newest first. */
  readonly summaries: readonly ExecutionSummary[];
  /** How many there are in that time, of all versions. */
  readonly total: number;
  /** Some of them, with their tasks. */
  readonly executions: readonly Execution[];
}

/** Reads the executions of a workflow since a moment, bounded. `told` hears how many of how many were read. */
export async function readSample(
  conductor: Conductor,
  { workflowName, version, since }: Scope,
  told: (read: number, of: number) => void,
): Promise<Sample> {
  const query = `workflowType=${workflowName} AND startTime>${since}`;
  const all: ExecutionSummary[] = [];
  let total = 0;
  do {
    const page = await conductor.searchExecutions({ query, start: all.length, size: PAGE });
    total = page.totalHits;
    if (page.results.length === 0) break;
    all.push(...page.results);
  } while (all.length < Math.min(total, MOST_SUMMARIES));
  // The server's index does not know versions.
  const summaries = version === undefined ? all : all.filter((summary) => summary.version === version);
  return { summaries, total, executions: await readSome(conductor, summaries, told) };
}

async function readSome(
  conductor: Conductor,
  summaries: readonly ExecutionSummary[],
  told: (read: number, of: number) => void,
): Promise<Execution[]> {
  const step = Math.max(1, summaries.length / MOST_READ);
  const ids = Array.from({ length: Math.min(MOST_READ, summaries.length) }, (_, i) => summaries[Math.floor(i * step)]);
  const chosen = ids.flatMap((summary) => (summary ? [summary.workflowId] : []));
  const read: Execution[] = [];
  await inParallel(chosen, AT_ONCE, async (id) => {
    const execution = await orUndefined(conductor.getExecution(id));
    if (execution) read.push(execution);
    told(read.length, chosen.length);
  });
  return read;
}
