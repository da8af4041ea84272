import { z } from 'zod';
import { type ZodMistake, zodMistakes } from '../../core/schema/zod-sentences.ts';

/**
 * The fields that the server knows, each with the type that its JSON reader expects. The server answers 500 to a value of another type, and
 * ignores a field that is not listed here.
 */
const text = z.string().nullish();
const whole = z.int32().nullish();
const long = z.int().nullish();
const flag = z.boolean().nullish();
const texts = z.array(z.string()).nullish();
const map = z.record(z.string(), z.unknown()).nullish();
const tasks = z.array(z.record(z.string(), z.unknown()));

const audit = {
  ownerApp: text,
  createTime: long,
  updateTime: long,
  createdBy: text,
  updatedBy: text,
  accessPolicy: map,
};
const cacheConfig = z.looseObject({ key: text, ttlInSecond: whole }).nullish();
const schema = z
  .looseObject({
    name: text,
    version: whole,
    type: z.enum(['JSON', 'AVRO', 'PROTOBUF']).nullish(),
    data: map,
    externalRef: text,
  })
  .nullish();

const taskDefFields = {
  ...audit,
  name: text,
  description: text,
  retryCount: whole,
  retryLogic: z.enum(['FIXED', 'EXPONENTIAL_BACKOFF', 'LINEAR_BACKOFF']).nullish(),
  retryDelaySeconds: whole,
  backoffScaleFactor: whole,
  maxRetryDelaySeconds: whole,
  backoffJitterMs: whole,
  timeoutSeconds: long,
  timeoutPolicy: z.enum(['RETRY', 'TIME_OUT_WF', 'ALERT_ONLY']).nullish(),
  responseTimeoutSeconds: long,
  pollTimeoutSeconds: whole,
  totalTimeoutSeconds: long,
  concurrentExecLimit: whole,
  rateLimitPerFrequency: whole,
  rateLimitFrequencyInSeconds: whole,
  inputKeys: texts,
  outputKeys: texts,
  runtimeMetadata: texts,
  inputTemplate: map,
  isolationGroupId: text,
  executionNameSpace: text,
  ownerEmail: text,
  baseType: text,
  taskStatusListenerEnabled: flag,
  inputSchema: schema,
  outputSchema: schema,
  enforceSchema: flag,
};

/** A task definition. */
export const taskDefForm = z.looseObject(taskDefFields);

const subWorkflowParam = z.looseObject({
  name: text,
  version: whole,
  taskToDomain: z.record(z.string(), z.string().nullable()).nullish(),
  workflowDefinition: z
    .union([z.record(z.string(), z.unknown()), z.string().regex(/^\$\{.*\}$/s)], {
      error: 'must be a definition, or an expression that gives one',
    })
    .nullish(),
  idempotencyKey: text,
  idempotencyStrategy: z.enum(['FAIL', 'RETURN_EXISTING', 'FAIL_ON_RUNNING']).nullish(),
  priority: z.unknown().optional(),
});

/** A task of a workflow definition. This form does not check the tasks inside it: each is checked on its own. */
export const taskForm = z.looseObject({
  name: text,
  taskReferenceName: text,
  description: text,
  inputParameters: map,
  type: z.string().optional(),
  dynamicTaskNameParam: text,
  caseValueParam: text,
  caseExpression: text,
  scriptExpression: text,
  decisionCases: z.record(z.string(), tasks).nullish(),
  dynamicForkJoinTasksParam: text,
  dynamicForkTasksParam: text,
  dynamicForkTasksInputParamName: text,
  defaultCase: tasks.nullish(),
  forkTasks: z.array(tasks).nullish(),
  startDelay: z.int32().min(0).nullish(),
  subWorkflowParam: subWorkflowParam.nullish(),
  joinOn: texts,
  sink: text,
  optional: flag,
  taskDefinition: taskDefForm.nullish(),
  rateLimited: flag,
  defaultExclusiveJoinTask: texts,
  asyncComplete: flag,
  loopCondition: text,
  loopOver: tasks.nullish(),
  items: text,
  retryCount: whole,
  evaluatorType: text,
  expression: text,
  onStateChange: z.record(z.string(), z.array(z.looseObject({ type: text, payload: map }))).nullish(),
  joinStatus: text,
  joinMode: z.enum(['SYNC', 'ASYNC']).nullish(),
  cacheConfig,
  permissive: flag,
  metadata: map,
});

/** A workflow definition. */
export const workflowForm = z.looseObject({
  ...audit,
  name: text,
  description: text,
  version: whole,
  tasks,
  inputParameters: texts,
  outputParameters: map,
  failureWorkflow: text,
  failureWorkflowVersion: whole,
  schemaVersion: z.int32().optional(),
  restartable: flag,
  workflowStatusListenerEnabled: flag,
  workflowStatusListenerSink: text,
  ownerEmail: text,
  timeoutPolicy: z.enum(['TIME_OUT_WF', 'ALERT_ONLY']).nullish(),
  timeoutSeconds: long,
  variables: map,
  inputTemplate: map,
  rateLimitConfig: z.looseObject({ rateLimitKey: text, concurrentExecLimit: whole, policy: text }).nullish(),
  inputSchema: schema,
  outputSchema: schema,
  enforceSchema: flag,
  metadata: map,
  cacheConfig,
  maskedFields: texts,
});

/** Fields that the server adds to a definition in its answers. */
const ANSWERED = ['workflowTaskType', 'overwriteTags', 'tags'];

/** A value of the wrong type in a field. */
export interface Misfit extends ZodMistake {
  /** The value to which the server converts it, for example 2 for `"2"`. Absent if the server answers 500 instead. */
  coerced?: unknown;
}

/** Every value of the wrong type in a definition or task. */
export function misfits(form: z.ZodObject, value: Readonly<Record<string, unknown>>): Misfit[] {
  const parsed = form.safeParse(value);
  if (parsed.success) return [];
  return zodMistakes(parsed.error, value).map((mistake) => {
    const coerced = coercion(mistake.expected, mistake.value);
    return { ...mistake, ...(coerced !== undefined && { coerced }) };
  });
}

/** The fields of the value that the form does not have. */
export function strangersIn(form: z.ZodObject, value: Readonly<Record<string, unknown>>): string[] {
  return Object.keys(value).filter((key) => !(key in form.shape) && !ANSWERED.includes(key));
}

function coercion(expected: string | undefined, value: unknown): unknown {
  if (expected === 'string' && (typeof value === 'number' || typeof value === 'boolean')) return String(value);
  if (expected === 'boolean' && (value === 'true' || value === 'false')) return value === 'true';
  if (expected !== 'int' && expected !== 'number') return undefined;
  if (typeof value === 'number' && Math.abs(value) < 2 ** 31) return Math.trunc(value);
  return typeof value === 'string' && /^-?\d{1,9}$/.test(value) ? Number(value) : undefined;
}
