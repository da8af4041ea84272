import type { WorkflowTask } from '../../core/conductor/types.ts';
import { isObject } from '../../core/json.ts';

/** The most important field of a task, by its type: an address, a condition, a sub-workflow. The field may hold any JSON value. */
export function detailOf(task: WorkflowTask): string | undefined {
  const read = Object.hasOwn(DETAILS, task.type) ? DETAILS[task.type] : undefined;
  const found = read?.(task, isObject(task.inputParameters) ? task.inputParameters : {});
  return found === undefined || found.trim() === '' ? undefined : found;
}

type Read = (task: WorkflowTask, input: Record<string, unknown>) => string | undefined;

const ofMcp: Read = (_, input) => joined(input.method ?? 'tools', 'at', input.mcpServer);
const ofModel: Read = (_, input) => joined(input.llmProvider, input.model);
const ofScript: Read = (_, input) => text(input.expression) ?? text(input.scriptExpression);

const DETAILS: Record<string, Read> = {
  SWITCH: ofSwitch,
  DECISION: (task, input) => {
    const expression = text(task.caseExpression);
    return expression ?? text(input[text(task.caseValueParam) ?? '']) ?? text(task.caseValueParam);
  },
  DO_WHILE: (task) =>
    task.items === undefined ? joined('while', plainCondition(task.loopCondition)) : joined('for each of', task.items),
  FORK_JOIN_DYNAMIC: (task, input) =>
    joined('a branch for each of', input[text(task.dynamicForkTasksParam) ?? ''] ?? input.forkTaskInputs),
  JOIN: (task) =>
    Array.isArray(task.joinOn) && task.joinOn.length > 0 ? `waits for ${task.joinOn.join(', ')}` : undefined,
  EXCLUSIVE_JOIN: (task) => (Array.isArray(task.joinOn) ? `waits for one of ${task.joinOn.join(', ')}` : undefined),
  SUB_WORKFLOW: (task) => workflowIn(task.subWorkflowParam),
  START_WORKFLOW: (_, input) => workflowIn(input.startWorkflow),
  HTTP: (_, input) => {
    const request = isObject(input.http_request) ? input.http_request : input;
    return joined(request.method, request.uri);
  },
  INLINE: ofScript,
  LAMBDA: ofScript,
  JSON_JQ_TRANSFORM: (_, input) => text(input.queryExpression),
  SET_VARIABLE: (_, input) => Object.keys(input).join(', '),
  TERMINATE: (_, input) => joined(input.terminationStatus, input.terminationReason),
  WAIT: (_, input) => (input.until === undefined ? text(input.duration) : joined('until', input.until)),
  EVENT: (task) => text(task.sink),
  DYNAMIC: (task, input) => text(input[text(task.dynamicTaskNameParam) ?? '']),
  KAFKA_PUBLISH: (_, input) => (isObject(input.kafka_request) ? text(input.kafka_request.topic) : undefined),
  CALL_MCP_TOOL: ofMcp,
  LIST_MCP_TOOLS: ofMcp,
  LLM_CHAT_COMPLETE: ofModel,
  LLM_TEXT_COMPLETE: ofModel,
};

function ofSwitch(task: WorkflowTask, input: Record<string, unknown>): string | undefined {
  const expression = text(task.expression);
  if (task.evaluatorType !== 'value-param' || expression === undefined) return expression;
  return text(input[expression]) ?? expression;
}

/** Removes the usual `if (…) { true; } else { false; }` around a condition. */
function plainCondition(condition: unknown): unknown {
  if (typeof condition !== 'string') return condition;
  const asked = /^\s*if\s*\((.*)\)\s*\{\s*(?:return )?true;?\s*\}\s*else\s*\{\s*(?:return )?false;?\s*\}\s*;?\s*$/s;
  return asked.exec(condition)?.[1] ?? condition;
}

function workflowIn(value: unknown): string | undefined {
  if (!isObject(value)) return text(value);
  return joined(
    value.name,
    value.version === undefined || value.version === null ? undefined : `v${String(value.version)}`,
  );
}

function joined(...parts: readonly unknown[]): string {
  return parts.flatMap((part) => text(part) ?? []).join(' ');
}

function text(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  return typeof value === 'string' ? value : JSON.stringify(value);
}
