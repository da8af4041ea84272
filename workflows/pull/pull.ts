import type { Workflow, WorkflowSettings } from '../../core/contract.ts';
import { FleetError, messageOf } from '../../core/errors.ts';
import { walk } from '../model/walk.ts';
import type { Printed } from './code/print.ts';
import { compare, type Differences, isSame, storedForm } from './compare.ts';
import { type Complaint, typeErrors } from './compile.ts';
import { type Doubts, degrade, noDoubts } from './doubts.ts';
import { evaluate } from './evaluate.ts';
import { OUTPUT, type Stored, type Written, writeFile } from './file.ts';
import type { Modules } from './imports.ts';
import type { Known } from './known.ts';

/**
 * From a stored definition to code, in rounds. Each writes the file anew, more surely where the round before has failed:
 * 1. The code is evaluated. A definition that differs from the stored one in a task has that task written as it is.
 * 2. The code is compiled, if there is a compiler. A task with a type error is written as it is.
 * A round without anything to mend ends it; one that cannot mend what is wrong fails.
 */
export interface Pull {
  stored: Readonly<Record<string, unknown>>;
  modules: Modules;
  known: Known;
  settings: WorkflowSettings;
}

export interface Pulled {
  source: string;
  workflow: Workflow;
  /** References of the tasks that are not written by a builder's method of their own. */
  asTheyAre: string[];
  /** False if no compiler was found. */
  compiled: boolean;
}

/**
 * The sources of files that register exactly the stored definitions, all in one folder. They are compiled together.
 * @throws FleetError `terminal` with what differs, if no code was found for one of them
 */
export async function pullSources(pulls: readonly Pull[], folder: string): Promise<Pulled[]> {
  const attempts = pulls.map((pull) => ({ pull, stored: storedForm(pull.stored), doubts: noDoubts() }));
  let due = attempts;
  const written = new Map<Pull, Reproduced>();
  for (;;) {
    for (const { pull, stored, doubts } of due) written.set(pull, await reproduce(pull, folder, stored, doubts));
    const all = pulls.flatMap((pull) => written.get(pull) ?? []);
    const complaints = await typeErrors(
      all.map(({ printed }) => printed.source),
      folder,
    );
    const isWrong = (index: number) => (complaints?.[index]?.length ?? 0) > 0;
    due = attempts.filter((_, index) => isWrong(index));
    if (due.length === 0) {
      return all.map(({ printed, asTheyAre, workflow }) => {
        return { source: printed.source, asTheyAre, workflow, compiled: complaints !== undefined };
      });
    }
    for (const [index, { pull, stored, doubts }] of attempts.entries()) {
      const printed = written.get(pull)?.printed;
      const found = complaints?.[index] ?? [];
      if (found.length === 0 || !printed) continue;
      if (!mendTypes(found, printed, stored, doubts)) throw notCompiling(stored, found);
    }
  }
}

type Reproduced = Written & { workflow: Workflow };

/** Writes and evaluates until the definition is the stored one. */
async function reproduce(pull: Pull, folder: string, stored: Stored, doubts: Doubts): Promise<Reproduced> {
  for (;;) {
    const written = writeFile(stored, { ...pull, doubts });
    let workflow: Workflow;
    try {
      workflow = await evaluate(written.printed.source, folder);
    } catch (error) {
      if (error instanceof FleetError && error.code === 'environment') throw error;

      if (!degradeNamed(error, stored, doubts) && !degradeAll(stored, doubts)) {
        throw notReproduced(stored, 'it cannot be loaded', error);
      }
      continue;
    }
    const differences = compare(workflow, stored, pull);
    if (isSame(differences)) return { ...written, workflow };
    if (!mendContent(differences, doubts)) throw notReproduced(stored, described(differences));
  }
}

/** True if something is written in another way from now on. */
function mendContent({ tasks, output, fields }: Differences, doubts: Doubts): boolean {
  let mended = false;
  for (const ref of tasks) mended = degrade(doubts, ref) || mended;
  for (const [key, value] of Object.entries(fields)) {
    mended = !(key in doubts.verbatim) || mended;
    doubts.verbatim[key] = value;
  }
  if (output && !doubts.literalOutput) {
    doubts.literalOutput = true;
    mended = true;
  }
  return mended;
}

function mendTypes(complaints: readonly Complaint[], printed: Printed, stored: Stored, doubts: Doubts): boolean {
  let mended = false;
  for (const { line, column } of complaints) {
    const mark = printed.markAt(line, column);
    if (mark === OUTPUT) {
      mended = !doubts.literalOutput || mended;
      doubts.literalOutput = true;
    } else if (mark !== undefined) {
      mended = degrade(doubts, mark) || mended;
    }
  }
  return mended || degradeAll(stored, doubts);
}

/** What the builders refuse they call by its reference. */
function degradeNamed(error: unknown, { tasks }: Stored, doubts: Doubts): boolean {
  const message = messageOf(error);
  const named = [...walk(tasks)].filter(({ task }) => message.includes(`"${task.taskReferenceName}"`));
  return named.map(({ task }) => degrade(doubts, task.taskReferenceName)).includes(true);
}

/** The last resort, where it cannot be said what is wrong. */
function degradeAll({ tasks }: Stored, doubts: Doubts): boolean {
  let mended = !doubts.literalOutput;
  doubts.literalOutput = true;
  for (const { task } of walk(tasks)) mended = degrade(doubts, task.taskReferenceName) || mended;
  return mended;
}

function described({ tasks, output, fields, taskDefs }: Differences): string {
  const parts = [
    ...tasks.map((ref) => `the task ${JSON.stringify(ref)}`),
    ...(output ? ['the output parameters'] : []),
    ...Object.keys(fields).map((key) => `the field ${JSON.stringify(key)}`),
    ...taskDefs.map((name) => `the task definition ${JSON.stringify(name)}`),
  ];
  return `${parts.join(', ')} would differ`;
}

const REMEDY = 'Nothing was written. Please report it, with the JSON of the definition.';

function notReproduced({ name, version }: Stored, what: string, cause?: unknown): FleetError {
  return new FleetError('terminal', `No code was found for ${name} version ${version}: ${what}.`, {
    remedy: REMEDY,
    cause,
  });
}

function notCompiling({ name, version }: Stored, complaints: readonly Complaint[]): FleetError {
  const [first] = complaints;
  return new FleetError('terminal', `The code for ${name} version ${version} does not compile: ${first?.message}`, {
    remedy: REMEDY,
  });
}
