import type { TaskContract, TaskPolicy } from '../../core/contract.ts';
import { FleetError } from '../../core/errors.ts';
import { requireReachableName } from '../../core/names.ts';

/** What all scopes of one workflow share: the references in use, and the contracts to register with the workflow. */
export class Build {
  readonly #references = new Set<string>();
  readonly #families = new Set<string>();
  readonly contracts = new Map<string, TaskContract | TaskPolicy>();
  /** Task lists whose references are already reserved. */
  readonly sequences = new WeakSet<object>();
  readonly workflowName: string;

  constructor(workflowName: string) {
    requireReachableName('workflow', workflowName);
    this.workflowName = workflowName;
  }

  /** Reserves the reference of a task that the builder adds, and returns it. */
  claim(reference: string): string {
    if (!/^[A-Za-z][A-Za-z0-9_]*$/.test(reference)) {
      throw this.mistake(
        `"${reference}" is not a valid task reference. Use letters, digits and _, and begin with a letter.`,
      );
    }
    if (/__\d+$/.test(reference)) {
      throw this.mistake(
        `"${reference}" ends with "__" and a number. The server reads that as the round of a loop and cuts it off. Use another name.`,
      );
    }
    this.claimForeign(reference);
    return reference;
  }

  /** Reserves a reference that another tool chose. Its spelling is not checked. */
  claimForeign(reference: string): void {
    if (this.#references.has(reference)) throw this.mistake(`two tasks have the reference "${reference}". Rename one.`);
    const family = [...this.#families].find((prefix) => isNumbered(reference, prefix));
    if (family !== undefined)
      throw this.mistake(`the fork "${family}" may make a task "${reference}" too. Rename one.`);
    this.#references.add(reference);
  }

  /** Reserves `prefix_0`, `prefix_1`, … for tasks that the server makes. */
  reserve(prefix: string): void {
    const taken = [...this.#references].find((reference) => isNumbered(reference, prefix));
    if (taken !== undefined) throw this.mistake(`the fork "${prefix}" may make a task "${taken}" too. Rename one.`);
    this.#families.add(prefix);
  }

  /** The reserved references, in the order in which they were reserved. */
  claimed(): string[] {
    return [...this.#references];
  }

  /** Rejects inputs with the names that the task type itself uses: the server keeps both in one object. */
  refuseNames(reference: string, inputs: object, taken: readonly string[]): void {
    const name = Object.keys(inputs).find((candidate) => taken.includes(candidate));
    if (name !== undefined)
      throw this.mistake(`the task "${reference}" already uses the name "${name}" for itself. Rename that input.`);
  }

  /** Checks a number of rounds or seconds. The server would read a fraction or another value as 0 or as no limit. */
  count(reference: string, what: string, value: unknown, from = 1): number {
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= from) return value;
    throw this.mistake(`"${reference}" has ${String(value)} ${what}. Write a whole number of at least ${from}.`);
  }

  use(contract: TaskContract | TaskPolicy): string {
    const known = this.contracts.get(contract.name);
    if (known && known !== contract && known.kind !== contract.kind) {
      throw this.mistake(`"${contract.name}" is the name of both a policy and a worker's task. Rename one.`);
    }
    this.contracts.set(contract.name, contract);
    return contract.name;
  }

  mistake(what: string): FleetError {
    return new FleetError('config', `Workflow ${this.workflowName}: ${what}`);
  }
}

/** True for `prefix_0`, or `prefix_1_0` in a loop; `_settled` may follow both. */
function isNumbered(reference: string, prefix: string): boolean {
  return reference.startsWith(`${prefix}_`) && /^\d+(_\d+)?(_settled)?$/.test(reference.slice(prefix.length + 1));
}
