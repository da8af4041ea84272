import type { Subject } from './subject.ts';

/** `error`: the server rejects it, or it cannot work as written. `warning`: it runs, with a risk that its author may not know. */
export type Severity = 'error' | 'warning';

/** A change of the JSON that never alters what a correct definition does. */
export interface Fix {
  /** What the fix does, as a sentence without a full stop. */
  summary: string;
  edits: readonly Edit[];
}

/** The pointer is a JSON pointer (RFC 6901) into the definition. Without a value, the edit removes what is there. */
export interface Edit {
  pointer: string;
  value?: unknown;
}

/** One problem at one place. */
export interface Finding {
  /** Id of the rule that found it. */
  rule: string;
  severity: Severity;
  /** JSON pointer (RFC 6901) into the definition; empty for the definition itself. */
  pointer: string;
  /** The task that has the problem, if it is a task. */
  taskReferenceName?: string;
  /** What is wrong at this place. */
  message: string;
  /** Why it matters; the same for every finding of the rule. */
  reason: string;
  /** What to do about it. */
  repair: string;
  fix?: Fix;
}

/** What a rule says about one place. The rest of the finding is the same for every place. */
export interface Problem {
  pointer: string;
  taskReferenceName?: string | undefined;
  message: string;
  /** More exact than the rule's own sentence. */
  repair?: string | undefined;
  fix?: Fix | undefined;
}

/** One kind of problem, and how it is found. */
export interface Rule<S> {
  /** Lower-case words joined by hyphens. Users write it in `--rule` and `--ignore`. */
  readonly id: string;
  readonly severity: Severity;
  /** What it finds, as a sentence without capital and full stop. */
  readonly summary: string;
  /** What the server does then, or what it costs. */
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
