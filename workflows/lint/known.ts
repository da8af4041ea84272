/** What else there is beside the definition that is looked at: on a server, in a folder, or among what is shipped. */
export interface Known {
  /** Task definitions by name. */
  readonly taskDefs?: ReadonlyMap<string, unknown>;
  /** Every version of the workflow definitions, by name. */
  readonly workflows?: ReadonlyMap<string, readonly unknown[]>;
  /** There is nothing beyond these, so that what is missing here is missing. Default false: what is unknown is not guessed. */
  readonly complete?: boolean;
}

/** Nothing is known, and nothing is said to be missing. */
export const NOTHING_KNOWN: Known = {};
