import type { Subject } from './subject.ts';

/**
 * `error`: the server rejects the definition, or the definition cannot work as written. `warning`: the definition runs, but with a risk
 * that its author perhaps does not know.
 */
export type Severity = 'error' | 'warning';

/** A change of the JSON. It never alters what a correct definition does. */
export interface Fix {
  /** What the fix does, as a sentence without a full stop. */
  summary: string;
  edits: readonly Edit[];
}

/**
 * Sets or removes one value. The pointer is a JSON pointer (RFC 6901) into the definition. An edit without a value removes the value at the
 * pointer.
 */
export interface Edit {
  pointer: string;
  value?: unknown;
}

/** One problem at one place of a definition. */
export interface Finding {
  /** Id of the rule that found the problem. */
  rule: string;
  severity: Severity;
  /** JSON pointer (RFC 6901) into the definition; empty for the definition itself. */
  pointer: string;
  /** The task that has the problem, if a task has it. */
  taskReferenceName?: string;
  /** What is wrong at this place. */
  message: string;
  /** Why the problem matters. All findings of a rule have the same reason. */
  reason: string;
  /** What to do about it. */
  repair: string;
  fix?: Fix;
}

/** The part of a finding that differs from place to place. A rule adds the rest. */
export interface Problem {
  pointer: string;
  taskReferenceName?: string | undefined;
  message: string;
  /** What to do about this problem, if the rule can say it more exactly than its own `repair`. */
  repair?: string | undefined;
  fix?: Fix | undefined;
}

/** Finds one kind of problem. */
export interface Rule<S> {
  /** Lower-case words joined by hyphens. Users write the id after `--rule` and `--ignore`. */
  readonly id: string;
  readonly severity: Severity;
  /** What the rule finds, as a sentence without a capital letter and full stop. */
  readonly summary: string;
  /** What the server does then, or what the problem costs. */
  readonly reason: string;
  /** What to do about it. */
  readonly repair: string;
  check(subject: S): Iterable<Problem>;
}

/** A task definition as rules see it. */
export interface TaskDefSubject {
  readonly def: Readonly<Record<string, unknown>>;
}

export type WorkflowRule = Rule<Subject>;
export type TaskDefRule = Rule<TaskDefSubject>;

/** The findings of all rules for a subject, in the order of the rules. */
export function findingsOf<S>(rules: readonly Rule<S>[], subject: S): Finding[] {
  return rules.flatMap((rule) => [...rule.check(subject)].map((problem) => findingOf(rule, problem)));
}

function findingOf<S>({ id, severity, reason, repair }: Rule<S>, problem: Problem): Finding {
  return {
    rule: id,
    severity,
    pointer: problem.pointer,
    ...(problem.taskReferenceName && { taskReferenceName: problem.taskReferenceName }),
    message: problem.message,
    reason,
    repair: problem.repair ?? repair,
    ...(problem.fix && { fix: problem.fix }),
  };
}
