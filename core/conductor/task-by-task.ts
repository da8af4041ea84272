import { isObject } from '../json.ts';
import type { Reader } from './transport.ts';

/** How the array of tasks begins, as the server writes it. */
const TASKS = '"tasks":[';
const TASK = '{"taskType":"';
const BEGIN = TASKS + TASK;
const NEXT = `,${TASK}`;

/** The array of tasks comes after a few short fields; who has read so much without it reads something else. */
const LONGEST_HEAD = 65_536;
/** A task may hold tasks itself, in its input or output; one that holds many is not worth the tries. */
const MOST_TRIES = 8;

/**
 * The JSON of an execution, parsed task by task while it comes: so the time is spent while the server still writes the rest, and the
 * process never stands still for the parsing of a large execution as a whole.
 *
 * Nothing is taken for a task because of how it looks: what stands between two beginnings of tasks has to be one JSON value, and what is
 * before and after the tasks has to be a whole object without them.
 */
export class TaskByTask implements Reader {
  #head: string | undefined;
  readonly #tasks: unknown[] = [];
  /** What has come and is not parsed. */
  #rest = '';
  /** Up to here there is no other task in it. */
  #from = 0;
  #tries = 0;
  #isOdd = false;

  /** Takes the next piece of the text. */
  take(piece: string): void {
    if (this.#isOdd) return;
    this.#rest += piece;
    if (this.#head === undefined && !this.#findBegin()) return;
    for (let next = this.#findNext(); next >= 0; next = this.#findNext()) this.#takeTask(next);
  }

  /** The execution, once all of the text has come; undefined where it has to be parsed as a whole. */
  value(): unknown {
    if (this.#isOdd || this.#head === undefined) return undefined;
    const before = parse(`${this.#head.replace(/,$/, '')}}`);
    const after = parse(`{${TASKS}${this.#rest}`);
    if (!isObject(before) || !isObject(after) || !Array.isArray(after.tasks)) return undefined;
    return { ...before, ...after, tasks: [...this.#tasks, ...after.tasks] };
  }

  #findBegin(): boolean {
    const begin = this.#rest.indexOf(BEGIN);
    if (begin < 0) {
      if (this.#rest.length > LONGEST_HEAD) this.#giveUp();
      return false;
    }
    this.#head = this.#rest.slice(0, begin);
    this.#rest = this.#rest.slice(begin + TASKS.length);
    return true;
  }

  #findNext(): number {
    const next = this.#isOdd ? -1 : this.#rest.indexOf(NEXT, this.#from);
    if (next < 0) this.#from = Math.max(this.#from, this.#rest.length - NEXT.length);
    return next;
  }

  #takeTask(end: number): void {
    const task = parse(this.#rest.slice(0, end));
    if (task === undefined) {
      this.#from = end + 1; // the next one is inside of this one
      this.#tries += 1;
      if (this.#tries > MOST_TRIES) this.#giveUp();
      return;
    }
    this.#tasks.push(task);
    this.#rest = this.#rest.slice(end + 1);
    this.#from = 0;
  }

  #giveUp(): void {
    this.#isOdd = true;
    this.#rest = '';
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
