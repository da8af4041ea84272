/** An attempt of a task. Times are epoch milliseconds; 0 means that the event has not happened yet. */
export interface Attempt {
  readonly id: string;
  readonly ref: string;
  readonly type: string;
  readonly status: string;
  /** Counted from 1. */
  readonly attempt: number;
  readonly scheduled: number;
  readonly start: number;
  readonly end: number;
  /** Milliseconds from the scheduling until workers may take it, for a retry. */
  readonly delay: number;
  /** True for a task that only waits for others, a person, a signal or a time: its duration is no work. */
  readonly isWait: boolean;
  readonly worker?: string;
  readonly reason?: string;
  /** Id of the execution that it started. */
  readonly child?: string;
}

/** A step that recovers an execution. */
export interface AdviceStep {
  /** A sentence without its full stop. */
  readonly say: string;
  readonly call?: { readonly tool: string; readonly args: Readonly<Record<string, unknown>> };
}

/** Why an execution failed or does not continue. */
export interface DiagnosisShown {
  readonly cause: string;
  readonly sentence: string;
  readonly evidence: readonly string[];
  readonly advice: readonly AdviceStep[];
  readonly path: readonly string[];
  /** The task that the diagnosis names, if it is one of this execution. */
  readonly ref?: string;
}

export interface PictureBox {
  readonly kind: string;
  readonly ref?: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly lines: readonly string[];
  readonly title: string;
  readonly tone: string;
  readonly dim: boolean;
}

/** The picture of an execution. All numbers are pixels. */
export interface PictureShown {
  readonly width: number;
  readonly height: number;
  readonly boxes: readonly PictureBox[];
  readonly lines: readonly { readonly points: readonly (readonly [number, number])[]; readonly dim: boolean }[];
  readonly frames: readonly Omit<PictureBox, 'kind' | 'ref' | 'lines' | 'title' | 'tone'>[];
  /** How many completed tasks are counted and not drawn. */
  readonly hidden: number;
}

/** What the topic `execution` holds. */
export interface ExecutionDetail {
  readonly id: string;
  readonly workflow: string;
  readonly version: number;
  readonly status: string;
  readonly isOver: boolean;
  readonly start: number;
  /** 0 while it runs. */
  readonly end: number;
  readonly correlation?: string;
  readonly parent?: string;
  /** Completed tasks; only the last attempt of each counts. */
  readonly done: number;
  /** All tasks that were scheduled. */
  readonly total: number;
  readonly tasks: readonly Attempt[];
  readonly diagnosis: DiagnosisShown;
  readonly picture: PictureShown;
  /** Changes when the data of the execution may have changed. */
  readonly mark: string;
}

/** What the topic `execution-data` holds. */
export interface ExecutionData {
  readonly input: unknown;
  readonly output: unknown;
  readonly variables: unknown;
  /** The execution without its tasks, as the server has it. */
  readonly raw: unknown;
}

/** What the topic `task` holds. */
export interface TaskData {
  readonly input: unknown;
  readonly output: unknown;
  readonly logs: readonly { readonly at: number; readonly text: string }[];
  readonly raw: unknown;
}
