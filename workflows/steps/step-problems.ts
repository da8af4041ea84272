import { FleetError } from '../../core/errors.ts';

/** How many problems a message shows. The first problems often cause the others. */
const SHOWN = 8;

/** The place of a step, as a person finds it, for example `steps[2].cases.gold[0] "notify"`. */
export interface StepPlace {
  readonly path: string;
  /** The id of the step; empty until it is known. */
  readonly id: string;
}

/** Collects the problems of a list of steps, so that the author can fix all of them at once. */
export class Problems {
  readonly #found: string[] = [];

  /** @param field the field that has the problem, e.g. `headers.Accept`; empty for the step itself */
  add({ path, id }: StepPlace, field: string, sentence: string): void {
    const where = `${path}${id === '' ? '' : ` "${id}"`}${field === '' ? '' : `, ${field}`}`;
    this.#found.push(`${where}: ${sentence}`);
  }

  get isEmpty(): boolean {
    return this.#found.length === 0;
  }

  /** @throws FleetError `input` with the problems and their places, if there are problems */
  throwIfAny(): void {
    if (this.isEmpty) return;
    const more = this.#found.length - SHOWN;
    const shown = more > 0 ? [...this.#found.slice(0, SHOWN), `And ${more} more.`] : this.#found;
    throw new FleetError('input', shown.join('\n'), { remedy: 'Correct these steps and send all of them again.' });
  }
}
