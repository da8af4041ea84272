import { type Execution, isOpenTask, type Task } from '../../core/conductor/types.ts';
import type { Run } from './diagram.ts';
import { clean } from './text-width.ts';

/** Selects the rows of one round of a loop. Their references end with `suffix`, and `fromSeq` <= `seq` < `toSeq`. */
export interface Window {
  /** `__3` in the third round. In an inner loop, the number is the round of the inner loop. */
  suffix: string;
  fromSeq: number;
  toSeq: number;
}

export const WHOLE: Window = { suffix: '', fromSeq: 0, toSeq: Number.POSITIVE_INFINITY };

/** The rows of an execution, by task reference. Conductor keeps one row for each attempt of each round of a loop. */
export class Rows {
  readonly #byRef = new Map<string, Task[]>();
  readonly #now: number;

  constructor({ tasks }: Execution, now: number) {
    this.#now = now;
    for (const task of [...tasks].sort((a, b) => a.seq - b.seq)) {
      const attempts = this.#byRef.get(task.referenceTaskName);
      if (attempts) attempts.push(task);
      else this.#byRef.set(task.referenceTaskName, [task]);
    }
  }

  /** The attempts of a task, in the order in which they started. */
  attempts(ref: string, { suffix, fromSeq, toSeq }: Window): readonly Task[] {
    const all = this.#byRef.get(`${ref}${suffix}`) ?? [];
    return all.filter(({ seq }) => seq >= fromSeq && seq < toSeq);
  }

  /** Selects the rows that one run of a loop has started. If the loop runs again, its rounds are counted from 1 again. */
  within(ref: string, window: Window): Window {
    const [first] = this.attempts(ref, window);
    if (!first) return { ...window, toSeq: window.fromSeq };
    if (window.suffix === '') return { ...window, fromSeq: first.seq };
    const starts = [...this.#byRef]
      .filter(([name]) => roundOf(name, ref) !== undefined)
      .flatMap(([, [row]]) => (row && row.seq > first.seq ? [row.seq] : []));
    return { ...window, fromSeq: first.seq, toSeq: Math.min(window.toSeq, ...starts) };
  }

  /** The ascending numbers of the rounds in which any of these tasks has a row. */
  rounds(refs: readonly string[], window: Window): number[] {
    const wanted = new Set(refs);
    const numbers = new Set<number>();
    for (const [name, rows] of this.#byRef) {
      const at = name.lastIndexOf('__');
      if (at < 0 || !wanted.has(name.slice(0, at))) continue;
      const number = roundOf(name, name.slice(0, at));
      if (number !== undefined && rows.some(({ seq }) => seq >= window.fromSeq && seq < window.toSeq))
        numbers.add(number);
    }
    return [...numbers].sort((a, b) => a - b);
  }

  /** The references of all tasks. */
  refs(): readonly string[] {
    return [...this.#byRef.keys()];
  }

  /** Combines the attempts of a task into its result; undefined without attempts. */
  runOf(attempts: readonly Task[]): Run | undefined {
    const last = attempts.at(-1);
    if (!last) return undefined;
    const [first = last] = attempts;
    const subWorkflowId = last.subWorkflowId ?? startedBy(last);
    const end = last.endTime || (isOpenTask(last) ? this.#now : startOf(last));
    return {
      status: clean(last.status),
      ms: Math.max(0, end - startOf(first)),
      attempts: attempts.length,
      ...(subWorkflowId && { subWorkflowId: clean(subWorkflowId) }),
    };
  }
}

/** A task has no start time until a worker polls it. Until then, the time when it was scheduled counts. */
function startOf({ startTime, scheduledTime }: Task): number {
  return startTime || scheduledTime;
}

function startedBy({ taskType, outputData }: Task): string | undefined {
  return taskType === 'START_WORKFLOW' && typeof outputData.workflowId === 'string' ? outputData.workflowId : undefined;
}

function roundOf(name: string, ref: string): number | undefined {
  if (!name.startsWith(`${ref}__`)) return undefined;
  const digits = name.slice(ref.length + 2);
  return /^\d+$/.test(digits) ? Number(digits) : undefined;
}
