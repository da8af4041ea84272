import type { Conductor } from '../../../core/conductor/api.ts';
import type { Task } from '../../../core/conductor/types.ts';

/**
 * Finds the tasks that workers have.
 *
 * The server's index finds them with one request, however many other tasks wait. A server can also have no index, and then its search
 * always finds nothing. So the search is trusted only if it has found something before. Without an index the open tasks of each type are
 * read: a request for each type, for which the server reads its whole queue.
 */
export class RunningTasks {
  /** A task that this process had lately. It shows whether the index holds tasks. */
  sample: string | undefined;
  /** Undefined while no task has shown it. */
  #holdsTasks: boolean | undefined;
  #holdsExecutions = false;

  /**
   * Tasks of these types that a worker has, and whose last change in the index is older than `before`, on the server's clock. Heartbeats do
   * not change the index, but they change `updateTime` of the task.
   */
  async *pages(api: () => Conductor, types: readonly string[], before: number): AsyncGenerator<Task[]> {
    for (const names of inChunks(types.filter(isSearchable))) {
      const query = `status=IN_PROGRESS AND taskType IN (${names.join(',')}) AND updateTime<${before}`;
      for (let start = 0, total = 1; start < total; start += PAGE) {
        const { totalHits, results } = await api().findTasks({ query, start, size: PAGE, oldestFirst: true });
        total = totalHits;
        if (results.length > 0) this.#holdsTasks = true;
        yield results;
      }
    }
    const isTrusted = await this.#canTrustSearch(api);
    for (const type of types.filter((name) => !isTrusted || !isSearchable(name))) {
      const open = await api().openTasks(type, MOST);
      yield open.filter(({ status, updateTime }) => status === 'IN_PROGRESS' && updateTime < before);
    }
  }

  async #canTrustSearch(api: () => Conductor): Promise<boolean> {
    if (this.sample !== undefined && !this.#holdsTasks) {
      this.#holdsTasks = (await api().findTasks({ query: `taskId=${this.sample}`, size: 1 })).totalHits > 0;
      this.sample = undefined;
    }
    if (this.#holdsTasks !== undefined) return this.#holdsTasks;
    this.#holdsExecutions ||= (await api().searchExecutions({ size: 1 })).totalHits > 0;
    return this.#holdsExecutions;
  }
}

const PAGE = 100;
/** The server reads all open tasks of a type in any case; this limits the answer. */
const MOST = 10_000;

/** This many names fit into one URL. */
const NAMES_PER_CALL = 50;

/** The query language has no way to quote these characters. */
function isSearchable(type: string): boolean {
  return !/[,'"()*]| AND /.test(type);
}

function inChunks(names: readonly string[]): string[][] {
  const count = Math.ceil(names.length / NAMES_PER_CALL);
  return Array.from({ length: count }, (_, i) => names.slice(i * NAMES_PER_CALL, (i + 1) * NAMES_PER_CALL));
}
