/** The input of a driver program. The program receives it as JSON in its first argument. */
export interface Assignment {
  /** Address of the server's API, with `/api` at the end. */
  url: string;
  /** Each task type with the number of its tasks that may run at once. */
  types: readonly { name: string; concurrency: number }[];
  /** Connections that a client may keep open, if the client has this option. */
  connections?: number;
}

/** Reads the assignment of this process. Ends the process when the bench that started it ends. */
export function readAssignment(): Assignment {
  process.on('disconnect', () => process.exit());
  process.on('SIGTERM', () => process.exit());
  return JSON.parse(process.argv[2] ?? '') as Assignment;
}
