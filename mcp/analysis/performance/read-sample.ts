import type { Conductor } from '../../../core/conductor/api.ts';
import type { Execution, ExecutionSummary } from '../../../core/conductor/types.ts';
import { orUndefined } from '../../../core/errors.ts';
import { inParallel } from '../../../core/in-parallel.ts';

/** Rows of one search request. */
const PAGE = 500;
/** The times and statuses of at most this many executions are counted, the newest first. */
const MOST_SUMMARIES = 2000;
/** At most this many executions are read with their tasks. They are spaced evenly over all counted executions. */
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
  /** The number of executions in that time, of all versions. */
  readonly total: number;
  /** Some of these executions, with their tasks. */
  readonly executions: readonly Execution[];
}

/** Reads a bounded sample of the executions of a workflow since a time. */
export async function readSample(
  conductor: Conductor,
  { workflowName, version, since }: Scope,
  onProgress: (read: number, of: number) => void,
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
  // The server's search index does not hold the version, so executions of other versions are left out here.
  const summaries = version === undefined ? all : all.filter((summary) => summary.version === version);
  return { summaries, total, executions: await readSome(conductor, summaries, onProgress) };
}

async function readSome(
  conductor: Conductor,
  summaries: readonly ExecutionSummary[],
  onProgress: (read: number, of: number) => void,
): Promise<Execution[]> {
  const step = Math.max(1, summaries.length / MOST_READ);
  const ids = Array.from({ length: Math.min(MOST_READ, summaries.length) }, (_, i) => summaries[Math.floor(i * step)]);
  const chosen = ids.flatMap((summary) => (summary ? [summary.workflowId] : []));
  const read: Execution[] = [];
  await inParallel(chosen, AT_ONCE, async (id) => {
    const execution = await orUndefined(conductor.getExecution(id));
    if (execution) read.push(execution);
    onProgress(read.length, chosen.length);
  });
  return read;
}
