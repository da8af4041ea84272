/** A task with every field that a Conductor server hands out. To write another task, the server only joins a few strings. */

const ID = '@id@';
const WORKFLOW = '@workflow@';
const TYPE = '@type@';

/** The last part of a task's id is its number in hexadecimal. */
const ID_PREFIX = '00000000-0000-4000-8000-';
const WORKFLOW_PREFIX = '10000000-0000-4000-8000-';
const NUMBER_DIGITS = 12;
const numbers = new RegExp(`"taskId"\\s*:\\s*"${ID_PREFIX}([0-9a-f]{${NUMBER_DIGITS}})"`);

const definition = {
  createTime: 1_795_244_322_829,
  updateTime: 0,
  createdBy: '',
  name: TYPE,
  description: 'Does nothing, for a bench.',
  retryCount: 0,
  timeoutSeconds: 0,
  inputKeys: [],
  outputKeys: [],
  runtimeMetadata: [],
  timeoutPolicy: 'TIME_OUT_WF',
  retryLogic: 'FIXED',
  retryDelaySeconds: 60,
  responseTimeoutSeconds: 600,
  inputTemplate: {},
  rateLimitPerFrequency: 0,
  rateLimitFrequencyInSeconds: 1,
  backoffScaleFactor: 1,
  maxRetryDelaySeconds: 0,
  backoffJitterMs: 0,
  totalTimeoutSeconds: 0,
  taskStatusListenerEnabled: true,
  enforceSchema: false,
};

const workflowTask = {
  name: TYPE,
  taskReferenceName: 'task_7',
  inputParameters: { item: 7 },
  type: 'SIMPLE',
  decisionCases: {},
  defaultCase: [],
  forkTasks: [],
  startDelay: 0,
  joinOn: [],
  optional: false,
  taskDefinition: definition,
  defaultExclusiveJoinTask: [],
  asyncComplete: false,
  loopOver: [],
  onStateChange: {},
  permissive: false,
  metadata: {},
};

const task = {
  taskType: TYPE,
  status: 'IN_PROGRESS',
  inputData: { item: 7 },
  referenceTaskName: 'task_7',
  retryCount: 0,
  seq: 1,
  pollCount: 1,
  taskDefName: TYPE,
  scheduledTime: 1_795_244_322_905,
  startTime: 1_795_244_324_067,
  endTime: 0,
  updateTime: 1_795_244_324_069,
  startDelayInSeconds: 0,
  retried: false,
  executed: false,
  callbackFromWorker: true,
  responseTimeoutSeconds: 600,
  workflowInstanceId: WORKFLOW,
  workflowType: 'bench',
  taskId: ID,
  callbackAfterSeconds: 0,
  workerId: 'w',
  outputData: {},
  workflowTask,
  rateLimitPerFrequency: 0,
  rateLimitFrequencyInSeconds: 1,
  workflowPriority: 0,
  iteration: 0,
  subworkflowChanged: false,
  firstStartTime: 0,
  executionMetadata: { additionalContext: {}, empty: true, additionalContextMap: {} },
  taskDefinition: definition,
  loopOverTask: false,
  queueWaitTime: 1162,
};

/** Returns a function that writes the JSON of a task, given the task's number. */
export function taskWriter(type: string): (number: number) => string {
  const [beforeWorkflow = '', rest = ''] = JSON.stringify(task).replaceAll(TYPE, type).split(WORKFLOW);
  const [beforeId = '', after = ''] = rest.split(ID);
  return (number) => beforeWorkflow + WORKFLOW_PREFIX + digitsOf(number) + beforeId + idOf(number) + after;
}

/** Returns the id of the task with this number. */
export function idOf(number: number): string {
  return ID_PREFIX + digitsOf(number);
}

function digitsOf(number: number): string {
  return number.toString(16).padStart(NUMBER_DIGITS, '0');
}

/** Reads from a result the number of its task. */
export function numberOf(result: string): number | undefined {
  const [, digits] = numbers.exec(result) ?? [];
  return digits === undefined ? undefined : Number.parseInt(digits, 16);
}
