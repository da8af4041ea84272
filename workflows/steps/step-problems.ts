import { FleetError } from '../../core/errors.ts';

/** More at once help nobody: the first ones are often the cause of the others. */
const SHOWN = 8;

/** Where something stands in a list of steps, as a reader finds it: `steps[2].cases.gold[0] "notify"`. */
export interface Place {
  readonly path: string;
  /** Empty until it is known. */
  readonly id: string;
}

/** What is wrong with a list of steps, gathered so that its author can mend it in one go. */
export class Problems {
  readonly #found: string[] = [];

  /** @param field what in the step it is about, e.g. `headers.Accept`; empty for the step itself */
  add({ path, id }: Place, field: string, sentence: string): void {
    const where = `${path}${id === '' ? '' : ` "${id}"`}${field === '' ? '' : `, ${field}`}`;
    this.#found.push(`${where}: ${sentence}`);
  }

  get isEmpty(): boolean {
    return this.#found.length === 0;
  }

  /** @throws FleetError `input` with every problem, each with its place, if there are any */
  throwIfAny(): void {
    if (this.isEmpty) return;
    const more = this.#found.length - SHOWN;
    const shown = more > 0 ? [...this.#found.slice(0, SHOWN), `And ${more} more.`] : this.#found;
    throw new FleetError('input', shown.join('\n'), { remedy: 'Correct these steps and send all of them again.' });
  }
}
