/**
 * Every task type of Conductor OSS, with the properties that this project relies on. Builder, steps, lint, dry runs, pictures and
 * diagnosis all read this table. `test/unit/task-types.test.ts` fails if the code has a second list of types.
 */
interface TaskType {
  readonly role: TaskRole;
  /** The kinds of task sequences that the server reads inside a task of this type. */
  readonly holds?: readonly ('case' | 'default' | 'branch' | 'loop')[];
  /** Every field of its output. Absent: the output may hold anything. */
  readonly outputs?: readonly string[];
  /** Inputs without which the task cannot run: one of each group. */
  readonly needs?: readonly (readonly string[])[];
  /** Where its JavaScript is, as a JSON pointer from the task. */
  readonly script?: string;
  /** The server makes its JavaScript the body of a function: without `return`, the result is null. */
  readonly scriptIsBody?: true;
  /** The server answers 500 if the task's `inputParameters` is null. */
  readonly refusesNullInput?: true;
  /** The server retries a task of this type three times, even if the task definition says 0. */
  readonly alwaysRetried?: true;
  /** The name of this type in an execution, if the server uses another name there. */
  readonly ranAs?: string;
  /** The field that names the input parameter which says at run time what runs: the name of a task type, or whole tasks. */
  readonly chosenBy?: 'dynamicTaskNameParam' | 'dynamicForkTasksParam';
  /** What to use instead, because the server keeps this type only for old definitions. It completes the sentence "Use …". */
  readonly replacedBy?: string;
}

/** What a task does in a workflow. */
export type TaskRole =
  /** Waits in a queue until a worker polls it. */
  | 'worker'
  /** Runs one of its cases. */
  | 'choice'
  | 'fork'
  | 'join'
  | 'loop'
  /** Ends the execution. */
  | 'end'
  /** Starts another workflow. */
  | 'workflow'
  /** Computes a value in the server, by a script or query. */
  | 'computation'
  | 'variables'
  | 'nothing'
  /** Waits for a person, a signal or a time. */
  | 'wait'
  | 'event'
  /** Makes the server call another service in the background. If the server is killed during the call, the task hangs for an hour. */
  | 'call';

const choice = { role: 'choice', holds: ['case', 'default'] } as const;
const call = { role: 'call' } as const;
const aiCall = { role: 'call', alwaysRetried: true } as const;
const model = ['llmProvider'];

const TYPES: Readonly<Record<string, TaskType>> = {
  SIMPLE: { role: 'worker' },
  DYNAMIC: { role: 'worker', chosenBy: 'dynamicTaskNameParam' },
  SWITCH: { ...choice, outputs: ['evaluationResult', 'selectedCase'], script: '/expression' },
  DECISION: {
    ...choice,
    script: '/caseExpression',
    replacedBy:
      'SWITCH. caseValueParam becomes expression, with evaluatorType value-param; caseExpression becomes expression, with evaluatorType graaljs',
  },
  FORK_JOIN: { role: 'fork', holds: ['branch'], ranAs: 'FORK' },
  FORK_JOIN_DYNAMIC: { role: 'fork', ranAs: 'FORK', refusesNullInput: true, chosenBy: 'dynamicForkTasksParam' },
  JOIN: { role: 'join' },
  EXCLUSIVE_JOIN: {
    role: 'join',
    replacedBy:
      'no join: the task after a SWITCH runs when the chosen case has ended. To read a result of that case, set a variable in every case',
  },
  /** Its output also has the outputs of each round under the number of the round. It has an item only if it loops over items. */
  DO_WHILE: {
    role: 'loop',
    holds: ['loop'],
    outputs: ['iteration', 'loopItem', 'loopIndex'],
    script: '/loopCondition',
  },
  TERMINATE: { role: 'end', refusesNullInput: true },
  SUB_WORKFLOW: { role: 'workflow' },
  START_WORKFLOW: { role: 'workflow', outputs: ['workflowId'], needs: [['startWorkflow']] },
  INLINE: { role: 'computation', outputs: ['result', 'error'], script: '/inputParameters/expression' },
  LAMBDA: {
    role: 'computation',
    outputs: ['result', 'error'],
    script: '/inputParameters/scriptExpression',
    scriptIsBody: true,
    replacedBy:
      'INLINE and put the script into a function that you call: "expression": "(function () { … })()". The script of a LAMBDA already is the body of a function',
  },
  JSON_JQ_TRANSFORM: {
    role: 'computation',
    outputs: ['result', 'resultList', 'error'],
    needs: [['queryExpression']],
  },
  SET_VARIABLE: { role: 'variables', outputs: [] },
  NOOP: { role: 'nothing', outputs: [] },
  WAIT: { role: 'wait', refusesNullInput: true },
  HUMAN: { role: 'wait' },
  EVENT: { role: 'event', refusesNullInput: true },
  HTTP: { ...call, outputs: ['response'] },
  KAFKA_PUBLISH: { ...call, needs: [['kafka_request']] },
  JDBC: call,
  LLM_CHAT_COMPLETE: { ...aiCall, needs: [model, ['model'], ['messages', 'instructions', 'userInput', 'promptName']] },
  LLM_TEXT_COMPLETE: { ...aiCall, needs: [model, ['model']] },
  LLM_INDEX_TEXT: aiCall,
  LLM_SEARCH_INDEX: aiCall,
  LLM_GENERATE_EMBEDDINGS: aiCall,
  LLM_STORE_EMBEDDINGS: aiCall,
  LLM_GET_EMBEDDINGS: aiCall,
  LLM_SEARCH_EMBEDDINGS: aiCall,
  LIST_MCP_TOOLS: { ...aiCall, needs: [['mcpServer']] },
  CALL_MCP_TOOL: { ...aiCall, needs: [['mcpServer'], ['method']] },
  GENERATE_IMAGE: aiCall,
  GENERATE_AUDIO: aiCall,
  GENERATE_VIDEO: aiCall,
  GENERATE_PDF: aiCall,
  AGENT: aiCall,
  GET_AGENT_CARD: call,
  CANCEL_AGENT: call,
  LIST_API_TOOLS: call,
  PLAN_AND_COMPILE: call,
  PLANNER_CONTEXT_FETCH: call,
  PULL_WORKFLOW_MESSAGES: call,
};

/** Types of the commercial Orkes Conductor that the open-source server does not have. */
const ORKES_TYPES =
  `GET_DOCUMENT PARSE_DOCUMENT GET_SIGNED_JWT UPDATE_TASK UPDATE_SECRET WAIT_FOR_WEBHOOK HTTP_POLL BUSINESS_RULE OPS_GENIE QUERY_PROCESSOR
  GRPC SENDGRID ALERT BULK_START_WORKFLOWS YIELD LIST_FILES CHUNK_TEXT`.split(/\s+/);

/**
 * Why a loop inside a loop is refused (seen on the real server, also with the inner loop in a SWITCH or in a fork). In round 1 of the outer loop the
 * server calls the inner loop `inner__1`, so the inner condition cannot read it as `inner`. The server also uses `inner__2` for two things:
 * the second round of the inner loop and the second round of the outer loop. Only two loops of one round each complete.
 */
export const NESTED_LOOP =
  'the server mixes up the rounds of the two loops. If a condition reads the rounds of the inner loop, the execution fails. With any other condition, the execution never ends';

/** The table row of a type, as definitions write it. Undefined for a type that the server does not have. */
export function taskType(type: string): TaskType | undefined {
  return Object.hasOwn(TYPES, type) ? TYPES[type] : undefined;
}

/** The names of all types, as definitions write them. */
export const taskTypes: readonly string[] = Object.keys(TYPES);

export function isOrkesType(type: string): boolean {
  return ORKES_TYPES.includes(type);
}

const ranAs = new Map(Object.values(TYPES).flatMap((row) => (row.ranAs ? [[row.ranAs, row.role]] : [])));

/** The role of a type, as a definition or an execution writes it. Undefined for a type whose tasks the server gives to workers. */
export function roleOf(type: string): TaskRole | undefined {
  return taskType(type)?.role ?? ranAs.get(type);
}

/** True for a task of an execution that a worker has to poll. The server executes tasks of every known type itself. */
export function isForWorkers({ taskType: type }: { taskType: string }): boolean {
  return roleOf(type) === undefined;
}

const has =
  (...roles: TaskRole[]) =>
  (type: string): boolean =>
    roles.some((role) => role === roleOf(type));

/** True for a type whose tasks wait for other tasks: if one is open or failed, those other tasks are the cause. */
export const isContainer = has('fork', 'join', 'loop');

/** True for a type that only decides which tasks run, and when. */
export const isControlFlow = has('choice', 'fork', 'join', 'loop');

/** True for a type whose tasks the server executes itself, in the same decision in which it reaches them. */
export const isSynchronous = has('choice', 'fork', 'join', 'loop', 'end', 'computation', 'variables', 'nothing');

/**
 * True if a JOIN can wait directly for a task of this type. The server ends the task and gives up on it in the same decision, so the JOIN
 * never sees the task between two attempts. A loop ends only after everything inside it.
 */
export const isSafeToJoin = has('join', 'loop', 'computation', 'variables', 'nothing');

/** How often the server retries tasks of workers and AI tasks by default. */
const DEFAULT_RETRIES = 3;

/** How often the server retries a task that has no task definition. */
export function retriesWithoutDefinition(type: string): number {
  return roleOf(type) === 'worker' || taskType(type)?.alwaysRetried ? DEFAULT_RETRIES : 0;
}

/** How often the server retries a task whose task definition has this `retryCount`. */
export function retriesOf(type: string, retryCount: number | undefined): number | undefined {
  return taskType(type)?.alwaysRetried ? retryCount || DEFAULT_RETRIES : retryCount;
}
