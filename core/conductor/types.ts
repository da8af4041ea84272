import { z } from 'zod';
import { isObject } from '../json.ts';

/** A task inside a workflow definition, as the server stores it. */
export interface WorkflowTask {
  name: string;
  taskReferenceName: string;
  type: string;
  inputParameters?: Record<string, unknown>;
  [key: string]: unknown;
}

/** A workflow definition as `POST /api/metadata/workflow` takes it. */
export interface WorkflowDef {
  name: string;
  version: number;
  schemaVersion: 2;
  description?: string;
  tasks: WorkflowTask[];
  inputParameters?: string[];
  inputTemplate?: Record<string, unknown>;
  outputParameters?: Record<string, unknown>;
  failureWorkflow?: string;
  timeoutSeconds?: number;
  timeoutPolicy?: 'TIME_OUT_WF' | 'ALERT_ONLY';
  [key: string]: unknown;
}

/** A task definition as `POST /api/metadata/taskdefs` takes it. */
export interface TaskDef {
  name: string;
  description?: string;
  retryCount?: number;
  timeoutSeconds?: number;
  responseTimeoutSeconds?: number;
  [key: string]: unknown;
}

/** Data of a workflow, which is not copied. `z.record` would copy every key, and that took half the time of checking an execution. */
const record = z.custom<Record<string, unknown>>(isObject, 'must be an object');
const object = record.nullish().transform((value) => value ?? {});

/** A task definition inside a task. It is not copied either. */
const embeddedTaskDef = z.custom<{ timeoutSeconds?: number; [field: string]: unknown }>(
  (value) => isObject(value) && ['number', 'undefined'].includes(typeof value.timeoutSeconds),
  'must be a task definition',
);

export const workflowStatuses = ['RUNNING', 'PAUSED', 'COMPLETED', 'FAILED', 'TERMINATED', 'TIMED_OUT'] as const;
export type WorkflowStatus = (typeof workflowStatuses)[number];

/** True once an execution can no longer change by itself. */
export function hasEnded(status: WorkflowStatus): boolean {
  return status !== 'RUNNING' && status !== 'PAUSED';
}

/** True for a task that has not ended: it is scheduled or in progress. */
export function isOpenTask({ status }: { readonly status: string }): boolean {
  return status === 'SCHEDULED' || status === 'IN_PROGRESS';
}

/** A task as a poll returns it and as an execution shows it. Times are epoch milliseconds; 0 means that the event has not happened yet. */
export const taskSchema = z.looseObject({
  taskId: z.string(),
  taskType: z.string(),
  taskDefName: z.string().nullish(),
  referenceTaskName: z.string(),
  workflowInstanceId: z.string(),
  workflowType: z.string().nullish(),
  status: z.string(),
  inputData: object,
  outputData: object,
  retryCount: z.int().default(0),
  /** Round of the loop around the task, counted from 1. It is 0 outside of loops. */
  iteration: z.int().default(0),
  seq: z.int().default(0),
  pollCount: z.int().default(0),
  scheduledTime: z.number().default(0),
  startTime: z.number().default(0),
  endTime: z.number().default(0),
  updateTime: z.number().default(0),
  callbackAfterSeconds: z.number().default(0),
  responseTimeoutSeconds: z.number().default(0),
  workerId: z.string().nullish(),
  reasonForIncompletion: z.string().nullish(),
  subWorkflowId: z.string().nullish(),
  /** Set if the input was too large. The server then keeps the input elsewhere. */
  externalInputPayloadStoragePath: z.string().nullish(),
  externalOutputPayloadStoragePath: z.string().nullish(),
  /** The task definition at the time when the task was scheduled. */
  taskDefinition: embeddedTaskDef.nullish(),
  /** The attempt before this one. */
  retriedTaskId: z.string().nullish(),
});
/** A task as the server delivers it to a worker. */
export type Task = z.output<typeof taskSchema>;

export const executionSchema = z.looseObject({
  workflowId: z.string(),
  workflowName: z.string(),
  workflowVersion: z.int().default(1),
  status: z.enum(workflowStatuses),
  input: object,
  output: object,
  variables: object,
  correlationId: z.string().nullish(),
  reasonForIncompletion: z.string().nullish(),
  failedReferenceTaskNames: z
    .array(z.string())
    .nullish()
    .transform((value) => value ?? []),
  startTime: z.number().default(0),
  /** After a retry this is still the end of the previous run. */
  endTime: z.number().default(0),
  updateTime: z.number().nullish(),
  /** When the execution was last retried or resumed. */
  lastRetriedTime: z.number().nullish(),
  parentWorkflowId: z.string().nullish(),
  tasks: z
    .array(taskSchema)
    .nullish()
    .transform((value) => value ?? []),
});
export type Execution = z.output<typeof executionSchema>;

/** `GET /api/workflow/{id}/status`: the cheapest way to look at an execution. */
export const executionStatusSchema = z.looseObject({
  workflowId: z.string(),
  correlationId: z.string().nullish(),
  status: z.enum(workflowStatuses),
  output: object,
  variables: object,
});
export type ExecutionStatus = z.output<typeof executionStatusSchema>;

/** A worker that polled a queue, and the time of its last poll in epoch milliseconds. */
export const pollDataSchema = z.looseObject({
  queueName: z.string(),
  domain: z.string().nullish(),
  workerId: z.string().nullish(),
  lastPollTime: z.number().default(0),
});
export type PollData = z.output<typeof pollDataSchema>;

/** A line of a task's log. `createdTime` is by the server's clock, in epoch milliseconds. */
export const taskLogSchema = z.looseObject({ log: z.string(), createdTime: z.number() });
export type TaskLog = z.output<typeof taskLogSchema>;

/** A row of a search for executions. The server writes times as ISO strings only in searches. */
export const executionSummarySchema = z.looseObject({
  workflowType: z.string(),
  version: z.int().default(1),
  workflowId: z.string(),
  correlationId: z.string().nullish(),
  startTime: z.string().nullish(),
  updateTime: z.string().nullish(),
  endTime: z.string().nullish(),
  status: z.enum(workflowStatuses),
  executionTime: z.number().default(0),
  reasonForIncompletion: z.string().nullish(),
  /** `taskReferenceName`s, joined by commas. */
  failedReferenceTaskNames: z.string().nullish(),
});
export type ExecutionSummary = z.output<typeof executionSummarySchema>;

export const searchSchema = z.object({ totalHits: z.int(), results: z.array(executionSummarySchema) });

/** A row of a search for tasks. Times are ISO strings. The row has no `taskReferenceName`: read the task itself for it. */
export const taskSummarySchema = z.looseObject({
  taskId: z.string(),
  taskType: z.string(),
  workflowId: z.string(),
  workflowType: z.string().nullish(),
  status: z.string(),
  startTime: z.string().nullish(),
});
export type TaskSummary = z.output<typeof taskSummarySchema>;

export const taskSearchSchema = z.object({ totalHits: z.int(), results: z.array(taskSummarySchema) });

/** The answer of a search that returns whole tasks. */
export const foundTasksSchema = z.object({ totalHits: z.int(), results: z.array(taskSchema) });

/** One version of a definition, without its content. `updateTime` is in epoch milliseconds and grows with every change. */
export const workflowVersionSchema = z.object({
  name: z.string(),
  version: z.int(),
  updateTime: z.number().nullish(),
});
export type WorkflowVersion = z.output<typeof workflowVersionSchema>;

export const workflowDefSchema = z.looseObject({
  name: z.string(),
  version: z.int().default(1),
  updateTime: z.number().nullish(),
  description: z.string().nullish(),
  tasks: z.array(z.looseObject({ name: z.string(), taskReferenceName: z.string(), type: z.string() })),
});
export type StoredWorkflowDef = z.output<typeof workflowDefSchema>;

export const taskDefSchema = z.looseObject({ name: z.string() });
export type StoredTaskDef = z.output<typeof taskDefSchema>;

/** A schedule, as `POST /api/scheduler/schedules` takes it and the server returns it. */
export const scheduleSchema = z.looseObject({
  name: z.string(),
  description: z.string().nullish(),
  /** Six fields, seconds first. */
  cronExpression: z.string().nullish(),
  zoneId: z.string().nullish(),
  paused: z.boolean().default(false),
  runCatchupScheduleInstances: z.boolean().default(false),
  startWorkflowRequest: z.looseObject({ name: z.string(), version: z.int().nullish(), input: object }).nullish(),
});
export type ScheduleDef = z.output<typeof scheduleSchema>;

/** An event handler, as `POST /api/event` takes it. `event` is `conductor:<name of the sending workflow>:<sink>`. */
export const eventHandlerSchema = z.looseObject({
  name: z.string(),
  event: z.string(),
  active: z.boolean().default(false),
  condition: z.string().nullish(),
  actions: z.array(z.looseObject({ action: z.string() })),
});
export type EventHandlerDef = z.output<typeof eventHandlerSchema>;

/** The result or update of a task, as `POST /api/tasks` takes it. */
export interface TaskResult {
  workflowInstanceId: string;
  taskId: string;
  status: 'COMPLETED' | 'FAILED' | 'FAILED_WITH_TERMINAL_ERROR' | 'IN_PROGRESS';
  outputData?: Record<string, unknown>;
  reasonForIncompletion?: string;
  callbackAfterSeconds?: number;
  extendLease?: boolean;
  workerId?: string;
  logs?: { log: string; taskId: string; createdTime: number }[];
}
