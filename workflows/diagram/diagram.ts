/** A definition, or an execution of it, as a picture: what all writers read. Texts are on one line and harmless for a terminal. */
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
  /** What went wrong, where something did. */
  readonly reason?: string;
}

export type Node = TaskNode | ChoiceNode | ParallelNode | LoopNode | NoteNode;

/** What is said of every task. */
export interface Head {
  readonly ref: string;
  readonly type: string;
  /** The task definition, where it is named unlike the reference. */
  readonly name?: string;
  /** Its failure does not end the execution. */
  readonly optional?: true;
  /** What this task is about, by its type: the address of an HTTP call, the sub-workflow, the condition. */
  readonly detail?: string;
  /** Absent in a definition, and where an execution did not come by. */
  readonly run?: Run;
}

/** What became of a task in an execution. */
export interface Run {
  readonly status: string;
  /** Milliseconds from the start of the first attempt to the end of the last, so that waiting between them counts. */
  readonly ms: number;
  readonly attempts: number;
  /** The execution it started, for SUB_WORKFLOW and START_WORKFLOW. */
  readonly subWorkflowId?: string;
}

export interface TaskNode extends Head {
  readonly kind: 'task';
  /** Nothing comes after it: TERMINATE. */
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
  /** Unknown in a definition, and while an execution has not decided. */
  readonly taken?: boolean;
}

/** FORK_JOIN and FORK_JOIN_DYNAMIC with the JOIN behind it. */
export interface ParallelNode extends Head {
  readonly kind: 'parallel';
  readonly branches: readonly Branch[];
  /** Absent where no JOIN follows; the server fails such an execution. */
  readonly join?: TaskNode;
}

export interface Branch {
  /** From 1; absent for what stands for branches that are not shown. */
  readonly number?: number;
  readonly nodes: readonly Node[];
}

/** DO_WHILE. */
export interface LoopNode extends Head {
  readonly kind: 'loop';
  /** One without a number in a definition; those that were run in an execution. */
  readonly rounds: readonly Round[];
}

export interface Round {
  /** From 1; absent in a definition, and for what stands for rounds that are not shown. */
  readonly number?: number;
  readonly nodes: readonly Node[];
}

/** No task: something to be said at this place. */
export interface NoteNode {
  readonly kind: 'note';
  readonly text: string;
  /** It stands for tasks that have not come up. */
  readonly open?: true;
}

/** How a state looks. */
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

/** The tone of a task's or an execution's status; `none` for what was not run or is unknown. */
export function toneOf(status: string | undefined): Tone {
  return (status !== undefined && Object.hasOwn(TONES, status) && TONES[status]) || 'none';
}
