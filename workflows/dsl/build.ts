import type { TaskContract, TaskPolicy } from '../../core/contract.ts';
import { FleetError } from '../../core/errors.ts';

/** What one workflow's scopes share: the references used so far, and the contracts to register with it. */
export class Build {
  readonly #references = new Set<string>();
  readonly #families = new Set<string>();
  readonly contracts = new Map<string, TaskContract | TaskPolicy>();
  /** Sequences whose tasks have been taken into account, wherever they are put. */
  readonly sequences = new WeakSet<object>();
  readonly workflowName: string;

  constructor(workflowName: string) {
    this.workflowName = workflowName;
  }

  /** Takes a reference for a task of ours, which others refer to by name. Returns the reference. */
  claim(reference: string): string {
    if (!/^[A-Za-z][A-Za-z0-9_]*$/.test(reference)) {
      throw this.mistake(`"${reference}" cannot be a task reference; use letters, digits and _.`);
    }
    if (/__\d+$/.test(reference)) {
      throw this.mistake(
        `"${reference}" ends like a round of a loop, which the server would cut off; use another name.`,
      );
    }
    this.claimForeign(reference);
    return reference;
  }

  /** Takes a reference as another tool has written it. */
  claimForeign(reference: string): void {
    if (this.#references.has(reference)) throw this.mistake(`the task reference "${reference}" is used twice.`);
    const family = [...this.#families].find((prefix) => isNumbered(reference, prefix));
    if (family !== undefined) throw this.mistake(`"${reference}" may be a task of the fork "${family}"; rename one.`);
    this.#references.add(reference);
  }

  /** Keeps `prefix_0`, `prefix_1`, … for tasks that the server makes. */
  reserve(prefix: string): void {
    const taken = [...this.#references].find((reference) => isNumbered(reference, prefix));
    if (taken !== undefined) throw this.mistake(`"${taken}" may be a task of the fork "${prefix}"; rename one.`);
    this.#families.add(prefix);
  }

  /** The references used so far, in order. */
  claimed(): string[] {
    return [...this.#references];
  }

  /** Refuses inputs under names that mean something else to the server's task, which sees both in one object. */
  refuseNames(reference: string, inputs: object, taken: readonly string[]): void {
    const name = Object.keys(inputs).find((candidate) => taken.includes(candidate));
    if (name !== undefined)
      throw this.mistake(`"${reference}" cannot have an input called "${name}"; use another name.`);
  }

  /** A number of rounds or seconds: the server has no fractions of them, and takes what it cannot read for none or for ever. */
  count(reference: string, what: string, value: unknown, from = 1): number {
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= from) return value;
    throw this.mistake(`"${reference}" has ${String(value)} ${what}; give a whole number from ${from}.`);
  }

  use(contract: TaskContract | TaskPolicy): string {
    const known = this.contracts.get(contract.name);
    if (known && known !== contract && known.kind !== contract.kind) {
      throw this.mistake(`"${contract.name}" names a policy and a worker's task.`);
    }
    this.contracts.set(contract.name, contract);
    return contract.name;
  }

  mistake(what: string): FleetError {
    return new FleetError('config', `Workflow ${this.workflowName}: ${what}`);
  }
}

/** `prefix_0`, or in a loop `prefix_1_0`; both with what may follow for the loop around it. */
function isNumbered(reference: string, prefix: string): boolean {
  return reference.startsWith(`${prefix}_`) && /^\d+(_\d+)?(_settled)?$/.test(reference.slice(prefix.length + 1));
}
