/** The picture of a definition or an execution, which all writers read. Texts are on one line and safe for a terminal. */
export interface Diagram {
  readonly name: string;
  readonly version: number;
  /** Absent for a definition. */
  readonly execution?: ExecutionFacts;
  readonly failureWorkflow?: string;
  readonly nodes: readonly Node[];
}

export interface ExecutionFacts {
  readonly workflowId: string;
  readonly status: string;
  /** Milliseconds from start to end, or to now. */
  readonly ms: number;
  /** Why it failed, if it did. */
  readonly reason?: string;
}

export type Node = TaskNode | ChoiceNode | ParallelNode | LoopNode | NoteNode;

/** What is shown of every task. */
export interface Head {
  readonly ref: string;
  readonly type: string;
  /** The name of the task, if it differs from the reference. */
  readonly name?: string;
  /** Its failure does not end the execution. */
  readonly optional?: true;
  /** The most telling field of its type: the address of an HTTP call, the sub-workflow, the condition. */
  readonly detail?: string;
  /** Absent in a definition, and for a task that the execution did not reach. */
  readonly run?: Run;
}

/** The result of a task in an execution. */
export interface Run {
  readonly status: string;
  /** Milliseconds from the start of the first attempt to the end of the last one, including the time between attempts. */
  readonly ms: number;
  readonly attempts: number;
  /** The execution it started, for SUB_WORKFLOW and START_WORKFLOW. */
  readonly subWorkflowId?: string;
}

export interface TaskNode extends Head {
  readonly kind: 'task';
  /** True for TERMINATE: no task follows. */
  readonly ends: boolean;
}

/** SWITCH and DECISION. */
export interface ChoiceNode extends Head {
  readonly kind: 'choice';
  readonly cases: readonly Case[];
}

export interface Case {
  readonly label: string;
  readonly nodes: readonly Node[];
  /** Absent in a definition, and until an execution has chosen. */
  readonly taken?: boolean;
}

/** FORK_JOIN or FORK_JOIN_DYNAMIC, with the JOIN after it. */
export interface ParallelNode extends Head {
  readonly kind: 'parallel';
  readonly branches: readonly Branch[];
  /** Absent if no JOIN follows, which makes the execution fail. */
  readonly join?: TaskNode;
}

export interface Branch {
  /** From 1; absent for a note about branches that are not shown. */
  readonly number?: number;
  readonly nodes: readonly Node[];
}

/** DO_WHILE. */
export interface LoopNode extends Head {
  readonly kind: 'loop';
  /** In a definition, one round without a number. In an execution, the rounds that ran. */
  readonly rounds: readonly Round[];
}

export interface Round {
  /** From 1; absent in a definition, and for a note about rounds that are not shown. */
  readonly number?: number;
  readonly nodes: readonly Node[];
}

/** A text in the place of a task. */
export interface NoteNode {
  readonly kind: 'note';
  readonly text: string;
  /** True if the text replaces tasks that do not exist yet. */
  readonly open?: true;
}

/** The look of a status. */
export type Tone = 'done' | 'warned' | 'failed' | 'active' | 'waiting' | 'stopped' | 'none';

const TONES: Record<string, Tone> = {
  COMPLETED: 'done',
  COMPLETED_WITH_ERRORS: 'warned',
  FAILED: 'failed',
  FAILED_WITH_TERMINAL_ERROR: 'failed',
  TIMED_OUT: 'failed',
  IN_PROGRESS: 'active',
  RUNNING: 'active',
  SCHEDULED: 'waiting',
  PAUSED: 'waiting',
  CANCELED: 'stopped',
  SKIPPED: 'stopped',
  TERMINATED: 'stopped',
};

/** The tone of the status of a task or execution; `none` if it did not run or the status is unknown. */
export function toneOf(status: string | undefined): Tone {
  return (status !== undefined && Object.hasOwn(TONES, status) && TONES[status]) || 'none';
}
