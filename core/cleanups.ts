/** Runs each clean-up once, the last added first. If one fails, the others still run. */
export class Cleanups {
  readonly #steps: { what: string; run: () => unknown }[] = [];

  add(what: string, run: () => unknown): void {
    this.#steps.push({ what, run });
  }

  /** Returns the clean-ups that failed, as `[what, error]`. */
  async run(): Promise<[string, unknown][]> {
    const failures: [string, unknown][] = [];
    for (let step = this.#steps.pop(); step; step = this.#steps.pop()) {
      try {
        await step.run();
      } catch (error) {
        failures.push([step.what, error]);
      }
    }
    return failures;
  }
}
