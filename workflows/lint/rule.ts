import type { Subject } from './subject.ts';

/** `error`: the server refuses it, or it cannot do what it says. `warning`: it runs, with a risk that its author may not know of. */
export type Severity = 'error' | 'warning';

/** A change of the JSON that cannot alter what a right definition does. */
export interface Fix {
  /** What is done, as a sentence without its full stop. */
  summary: string;
  edits: readonly Edit[];
}

/** JSON pointers (RFC 6901) from the definition on; without a value, what is there is removed. */
export interface Edit {
  pointer: string;
  value?: unknown;
}

/** One thing that is wrong at one place. */
export interface Finding {
  /** Id of the rule that found it. */
  rule: string;
  severity: Severity;
  /** JSON pointer (RFC 6901) into the definition; empty for the definition itself. */
  pointer: string;
  /** The task it is about, if it is about one. */
  taskReferenceName?: string;
  /** What is wrong here. */
  message: string;
  /** Why it matters, the same for all findings of the rule. */
  reason: string;
  /** What to do about it. */
  repair: string;
  fix?: Fix;
}

/** What a rule says of one place; the rest of the finding is the rule's own. */
export interface Problem {
  pointer: string;
  taskReferenceName?: string | undefined;
  message: string;
  /** Where the rule's own sentence can be made more exact. */
  repair?: string | undefined;
  fix?: Fix | undefined;
}

/** One thing that is looked for in definitions of one kind. */
export interface Rule<S> {
  /** Words in lower case joined by hyphens; users name it in `--rule` and `--ignore`. */
  readonly id: string;
  readonly severity: Severity;
  /** What it finds, in a few words. */
  readonly summary: string;
  /** What the server does with it, or what it costs. */
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

/** What all rules say of a subject, in the order of the rules. */
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
