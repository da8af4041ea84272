import { z } from 'zod';
import { isObject } from '../../../core/json.ts';
import { type Code, object, text } from '../code/code.ts';
import { literal } from '../code/literals.ts';
import { wired } from '../expressions/wire.ts';
import { hasOnly, inputOf, keysAmong, type Leaf, PLACEMENT, placementOf, QUEUED } from './built.ts';

/** SIMPLE: its contract says what it takes and answers. */
export const simple: Leaf = (task, { writer, refer }) => {
  if (!hasOnly(task, ...QUEUED)) return undefined;
  const input = inputOf(task);
  if (Object.hasOwn(input, '__proto__')) return undefined;
  const { name, value: contract } = writer.contract(task.name);
  if (!fits(input, contract.input)) return undefined;
  return {
    method: 'task',
    args: [text(name), wired(input, refer, contract.input), ...placementOf(task)],
    output: contract.output,
  };
};

/** HTTP as the builder makes it: with its own limits and headers, and a policy. */
export const http: Leaf = (task, { writer, refer }) => {
  const { http_request: request, ...rest } = inputOf(task);
  if (!hasOnly(task, ...QUEUED) || !isObject(request) || Object.keys(rest).length > 0) return undefined;
  const { uri, method, headers, body, contentType, accept, connectionTimeOut, readTimeOut, ...others } = request;
  const isOurs = accept === 'application/json' && connectionTimeOut === 5_000 && typeof readTimeOut === 'number';
  const hasBody = 'body' in request && contentType === 'application/json';
  if (!isOurs || hasBody !== 'body' in request || Object.keys(others).length > 0) return undefined;
  const policy = writer.policy(task.name);
  if (!policy) return undefined;
  const answered = writer.inferredBelow(`${task.taskReferenceName}.output`, ['response', 'body']);
  const entries: [string, Code][] = [
    ['method', literal(method)],
    ['uri', wired(uri, refer, z.string())],
    ...(headers === undefined ? [] : [['headers', wired(headers, refer)] as [string, Code]]),
    ...(hasBody ? [['body', wired(body, refer)] as [string, Code]] : []),
    ...(readTimeOut === 25_000 ? [] : [['readTimeoutMs', literal(readTimeOut)] as [string, Code]]),
    ['response', answered.code],
  ];
  const answer = z.object({
    statusCode: z.number(),
    headers: z.record(z.string(), z.array(z.string())),
    body: answered.schema,
  });
  return {
    method: 'http',
    args: [text(policy.name), object(entries, true), ...placementOf(task)],
    output: z.object({ response: answer }),
  };
};

/** INLINE: a script over its inputs. */
export const inline: Leaf = (task, writing) => {
  const { evaluatorType, expression, ...inputs } = inputOf(task);
  if (evaluatorType !== 'graaljs') return undefined;
  return script(task, writing, { method: 'inline', key: 'script', source: expression, inputs });
};

/** JSON_JQ_TRANSFORM: a query over its inputs. */
export const jq: Leaf = (task, writing) => {
  const { queryExpression, ...inputs } = inputOf(task);
  return script(task, writing, { method: 'jq', key: 'query', source: queryExpression, inputs });
};

function script(
  task: Parameters<Leaf>[0],
  { writer, refer }: Parameters<Leaf>[1],
  { method, key, source, inputs }: { method: string; key: string; source: unknown; inputs: Record<string, unknown> },
): ReturnType<Leaf> {
  const ref = task.taskReferenceName;
  if (!hasOnly(task, ...PLACEMENT) || task.name !== ref || typeof source !== 'string') return undefined;
  const result = writer.inferredBelow(`${ref}.output`, ['result']);
  const entries = [
    ['inputs', wired(inputs, refer)],
    [key, literal(source)],
    ['output', result.code],
  ] as const;
  return { method, args: [object(entries), ...placementOf(task)], output: z.object({ result: result.schema }) };
}

/** SET_VARIABLE. */
export const setVariable: Leaf = (task, { writer, refer }) => {
  if (!hasOnly(task) || task.name !== task.taskReferenceName) return undefined;
  const values = inputOf(task);
  if (Object.hasOwn(values, '__proto__')) return undefined;
  writer.assigned(values, refer);
  return { method: 'set', args: [wired(values, refer)], output: z.object({}) };
};

/** TERMINATE. */
export const terminate: Leaf = (task, { refer }) => {
  const { terminationStatus, terminationReason, workflowOutput, ...rest } = inputOf(task);
  if (!hasOnly(task) || task.name !== task.taskReferenceName || Object.keys(rest).length > 0) return undefined;
  if (terminationStatus !== 'COMPLETED' && terminationStatus !== 'FAILED') return undefined;
  if (!isObject(workflowOutput) || typeof terminationReason !== 'string') return undefined;
  const output = Object.keys(workflowOutput).length > 0 ? [wired(workflowOutput, refer)] : [];
  const args = [literal(terminationStatus), wired(terminationReason, refer, z.string()), ...output];
  return { method: 'terminate', args, output: z.object({}) };
};

/** WAIT for seconds or for a signal. */
export const wait: Leaf = (task, { writer }) => {
  if (!hasOnly(task) || task.name !== task.taskReferenceName) return undefined;
  const input = inputOf(task);
  if (Object.keys(input).length === 0) {
    const signal = writer.inferred(`${task.taskReferenceName}.output`);
    return { method: 'wait', args: [object([['signal', signal.code]])], output: signal.schema };
  }
  if (typeof input.until === 'string' && keysAmong(input, ['until'])) {
    return { method: 'wait', args: [object([['until', literal(input.until)]])], output: z.object({}) };
  }
  const [, seconds] = /^([1-9]\d{0,8}) seconds$/.exec(String(input.duration)) ?? [];
  if (seconds === undefined || !keysAmong(input, ['duration'])) return undefined;
  return { method: 'wait', args: [object([['seconds', text(seconds)]])], output: z.object({}) };
};

/** HUMAN. */
export const human: Leaf = (task, { writer, refer }) => {
  if (!hasOnly(task, ...PLACEMENT) || task.name !== task.taskReferenceName) return undefined;
  const output = writer.inferred(`${task.taskReferenceName}.output`);
  const entries = [['about', wired(inputOf(task), refer)] as const, ['output', output.code] as const];
  return { method: 'human', args: [object(entries), ...placementOf(task)], output: output.schema };
};

/** SUB_WORKFLOW of a workflow that is there as code, in its version. */
export const subWorkflow: Leaf = (task, { writer, refer }) => {
  const { subWorkflowParam: callee } = task;
  if (!hasOnly(task, ...QUEUED, 'subWorkflowParam') || !isObject(callee)) return undefined;
  if (!keysAmong(callee, ['name', 'version']) || callee.name !== task.name || callee.version === undefined)
    return undefined;
  const found = writer.workflow(callee.name, callee.version);
  const input = inputOf(task);
  if (!found || !fits(input, found.value.input)) return undefined;
  return {
    method: 'subWorkflow',
    args: [text(found.name), wired(input, refer, found.value.input), ...placementOf(task)],
    output: extended(found.value.output, { subWorkflowId: z.string() }),
  };
};

/** START_WORKFLOW of a workflow that is there as code, in its version. */
export const startWorkflow: Leaf = (task, { writer, refer }) => {
  const { startWorkflow: request, ...rest } = inputOf(task);
  if (!hasOnly(task, ...PLACEMENT) || !isObject(request) || Object.keys(rest).length > 0) return undefined;
  const { name, version, input, correlationId } = request;
  if (!keysAmong(request, ['name', 'version', 'input', 'correlationId']) || version === undefined || name !== task.name)
    return undefined;
  const found = writer.workflow(name, version);
  if (!found || !isObject(input) || !fits(input, found.value.input)) return undefined;
  const options = [
    ...(correlationId === undefined ? [] : [['correlationId', wired(correlationId, refer, z.string())] as const]),
    ...PLACEMENT.filter((key) => key in task).map((key) => [key, literal(task[key])] as const),
  ];
  return {
    method: 'startWorkflow',
    args: [text(found.name), wired(input, refer, found.value.input), ...(options.length > 0 ? [object(options)] : [])],
    output: z.object({ workflowId: z.string() }),
  };
};

function extended(schema: z.ZodType, fields: z.core.$ZodLooseShape): z.ZodType {
  return schema instanceof z.ZodObject ? schema.extend(fields) : schema;
}

/** Whether an input has the keys that a contract asks for, and no other. */
function fits(input: Record<string, unknown>, schema: z.ZodType): boolean {
  if (!(schema instanceof z.ZodObject)) return false;
  const { shape } = schema;
  const isOpen = schema.def.catchall !== undefined;
  const needed = Object.keys(shape).filter((key) => !shape[key]?.safeParse(undefined).success);
  return (isOpen || keysAmong(input, Object.keys(shape))) && needed.every((key) => Object.hasOwn(input, key));
}
