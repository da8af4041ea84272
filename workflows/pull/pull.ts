import type { Workflow, WorkflowSettings } from '../../core/contract.ts';
import { FleetError, messageOf } from '../../core/errors.ts';
import { walk } from '../model/walk.ts';
import { compare, type Differences, storedForm } from './check/compare.ts';
import { evaluate, typeErrors } from './check/try-sources.ts';
import type { Known } from './known.ts';
import type { Doubts, Stored } from './write/context.ts';
import { OUTPUT, type Written, writeFile } from './write/file.ts';

/**
 * A stored definition becomes code in rounds. At first, every task is written with the builder's method for its type. Then:
 * 1. The file is evaluated, and its definition is compared with the stored definition. A task that differs is written with `wf.json`; any
 *    other field that differs goes into `verbatim`. This step is repeated until nothing differs.
 * 2. The file is compiled if a compiler exists. A task with a type error is written with `wf.json`, and step 1 is repeated. Each round
 *    writes more parts exactly as they are stored. So the rounds come to an end: with a file that reproduces the definition, or with an
 *    error.
 */
export interface Pull {
  stored: Readonly<Record<string, unknown>>;
  /** See `Given`. */
  entry: string;
  known: Known;
  settings: WorkflowSettings;
}

export interface Pulled {
  source: string;
  workflow: Workflow;
  /** References of the tasks that are written as plain JSON. */
  plainTasks: string[];
  /** False if no compiler was found. */
  compiled: boolean;
}

type Reproduced = Written & { workflow: Workflow };

/**
 * Makes the sources of files that register exactly the stored definitions. All files are for one folder and are compiled together.
 * @throws FleetError `terminal` with the differences, if no code reproduces one of the definitions
 */
export async function pullSources(pulls: readonly Pull[], folder: string): Promise<Pulled[]> {
  const attempts = pulls.map((pull): Attempt => {
    return { pull, stored: storedForm(pull.stored), doubts: { tasks: new Set(), fields: {}, taskDefs: new Map() } };
  });
  const files: Reproduced[] = [];
  for (const attempt of attempts) files.push(await reproduce(attempt, folder));
  for (;;) {
    const sources = files.map(({ printed }) => printed.source);
    const found = await typeErrors(sources, folder);
    const wrong = attempts.flatMap((attempt, index) => {
      const errors = found?.[index] ?? [];
      return errors.length > 0 ? [{ attempt, index, errors }] : [];
    });
    if (wrong.length === 0) {
      return files.map(({ printed, plainTasks, workflow }) => {
        return { source: printed.source, plainTasks, workflow, compiled: found !== undefined };
      });
    }
    for (const { attempt, index, errors } of wrong) {
      const { stored, doubts } = attempt;
      const tasks = errors.flatMap(({ line }) => files[index]?.printed.taskAt(line) ?? []);
      if (!doubtTasks(doubts, stored, tasks) && !doubtEverything(doubts, stored)) {
        throw failure(stored, 'No code that compiles was found', errors[0]?.message ?? '');
      }
      files[index] = await reproduce(attempt, folder);
    }
  }
}

interface Attempt {
  pull: Pull;
  stored: Stored;
  doubts: Doubts;
}

/** Writes and evaluates the file until its definition equals the stored definition. */
async function reproduce({ pull, stored, doubts }: Attempt, folder: string): Promise<Reproduced> {
  for (;;) {
    const written = writeFile(stored, { ...pull, doubts });
    let workflow: Workflow;
    try {
      workflow = await evaluate(written.printed.source, folder);
    } catch (error) {
      if (error instanceof FleetError && error.code === 'environment') throw error;
      // If a builder refuses a task, its error names the reference of the task.
      const named = refsIn(stored).filter((ref) => messageOf(error).includes(`"${ref}"`));
      if (doubtTasks(doubts, stored, named) || doubtEverything(doubts, stored)) continue;
      throw failure(stored, 'No code was found', messageOf(error), error);
    }
    const differences = compare(workflow, stored, pull);
    if (isSame(differences)) return { ...written, workflow };
    if (!doubtDifferences(doubts, stored, differences)) {
      throw failure(stored, 'No code was found', `${described(differences)} would differ`);
    }
  }
}

/** Marks these tasks as doubtful. True if the next round writes a part differently; so do the two functions below. */
function doubtTasks({ tasks, fields }: Doubts, { outputParameters }: Stored, refs: readonly string[]): boolean {
  const before = tasks.size + Object.keys(fields).length;
  for (const ref of refs) {
    if (ref === OUTPUT) fields.outputParameters = outputParameters ?? {};
    else tasks.add(ref);
  }
  return tasks.size + Object.keys(fields).length > before;
}

function doubtDifferences(doubts: Doubts, stored: Stored, { tasks, fields, taskDefs }: Differences): boolean {
  const before = Object.keys(doubts.fields).length + doubts.taskDefs.size;
  Object.assign(doubts.fields, fields);
  for (const [name, differing] of taskDefs) doubts.taskDefs.set(name, differing);
  const isNew = Object.keys(doubts.fields).length + doubts.taskDefs.size > before;
  return doubtTasks(doubts, stored, tasks) || isNew;
}

/** The last resort if it is unknown which part is wrong: marks everything as doubtful. */
function doubtEverything(doubts: Doubts, stored: Stored): boolean {
  return doubtTasks(doubts, stored, [...refsIn(stored), OUTPUT]);
}

function refsIn({ tasks }: Stored): string[] {
  return [...walk(tasks)].map(({ task }) => task.taskReferenceName);
}

function isSame({ tasks, fields, taskDefs }: Differences): boolean {
  return tasks.length + Object.keys(fields).length + taskDefs.size === 0;
}

function described({ tasks, fields, taskDefs }: Differences): string {
  const kinds = { task: tasks, field: Object.keys(fields), 'task definition': [...taskDefs.keys()] };
  const parts = Object.entries(kinds).flatMap(([kind, names]) =>
    names.map((name) => `${kind} ${JSON.stringify(name)}`),
  );
  return parts.join(', ');
}

function failure({ name, version }: Stored, what: string, why: string, cause?: unknown): FleetError {
  return new FleetError('terminal', `${what} for ${name} version ${version}: ${why.replace(/\.$/, '')}.`, {
    remedy: 'Nothing was written. Please report this as a bug, with the JSON of the definition.',
    cause,
  });
}
