/** A task definition as rules see it. */
export interface TaskDefSubject {
  readonly def: Readonly<Record<string, unknown>>;
}
