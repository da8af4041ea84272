/**
 * The picture of a definition or an execution. `toText`, `toMermaid` and `toSvg` write it. Each text is one line and safe for a terminal.
 */
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
  /** Milliseconds from the start to the end of the execution, or to now if it still runs. */
  readonly ms: number;
  /** Why the execution failed; absent if it did not. */
  readonly reason?: string;
}

export type Node = TaskNode | ChoiceNode | ParallelNode | LoopNode | NoteNode;

/** What a picture shows of every task. */
export interface Head {
  readonly ref: string;
  readonly type: string;
  /** The name of the task, if it differs from the reference. */
  readonly name?: string;
  /** The execution continues if this task fails. */
  readonly optional?: true;
  /** The most important field of this task type, for example the address of an HTTP call, the sub-workflow or the condition. */
  readonly detail?: string;
  /** The result. It is absent in a definition, and for a task that the execution did not reach. */
  readonly run?: Run;
}

/** The result of a task in an execution. */
export interface Run {
  readonly status: string;
  /** Milliseconds from the start of the first attempt to the end of the last one, including the time between attempts. */
  readonly ms: number;
  readonly attempts: number;
  /** Id of the execution that a SUB_WORKFLOW or START_WORKFLOW task started. */
  readonly subWorkflowId?: string;
}

export interface TaskNode extends Head {
  readonly kind: 'task';
  /** True for TERMINATE, because no task follows it. */
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
  /** Whether the execution chose this case. Absent in a definition, and until the execution has chosen. */
  readonly taken?: boolean;
}

/** FORK_JOIN or FORK_JOIN_DYNAMIC, with the JOIN after it. */
export interface ParallelNode extends Head {
  readonly kind: 'parallel';
  readonly branches: readonly Branch[];
  /** Absent if no JOIN follows the fork: an execution then fails at the fork. */
  readonly join?: TaskNode;
}

export interface Branch {
  /** The number of the branch, from 1; absent for a note about branches that are not shown. */
  readonly number?: number;
  readonly nodes: readonly Node[];
}

/** DO_WHILE. */
export interface LoopNode extends Head {
  readonly kind: 'loop';
  /** A definition has one round without a number. An execution has the rounds that ran. */
  readonly rounds: readonly Round[];
}

export interface Round {
  /** The number of the round, from 1; absent in a definition, and for a note about rounds that are not shown. */
  readonly number?: number;
  readonly nodes: readonly Node[];
}

/** A text that is shown in place of tasks. */
export interface NoteNode {
  readonly kind: 'note';
  readonly text: string;
  /** True if these tasks do not exist yet. */
  readonly open?: true;
}

/** How a picture shows a status: its colour and mark. */
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

/** The tone for the status of a task or an execution: `none` if there is no status or it is unknown. */
export function toneOf(status: string | undefined): Tone {
  return (status !== undefined && Object.hasOwn(TONES, status) && TONES[status]) || 'none';
}
