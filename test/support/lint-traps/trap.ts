export type Json = Record<string, unknown>;

/** Whether the server's validation rejects the bad definition. */
export type Answer = 'refused' | 'registered';

export interface Trap {
  name: string;
  rule: string;
  bad: Json;
  /** The correct twin of the definition, in which lint finds no mistake. */
  right: Json;
  /** Other known definitions, if the rule needs them. */
  known?: { taskDefs?: Record<string, Json>; workflows?: Record<string, Json[]> };
  answer: Answer;
}

/** Makes a definition with these tasks. */
export function def(tasks: unknown, more: Json = {}): Json {
  return { name: 'lintTrap', version: 1, schemaVersion: 2, tasks, ...more };
}

/** Makes a task of this type. */
export function task(type: string, ref: string, more: Json = {}): Json {
  return { name: ref, taskReferenceName: ref, type, inputParameters: {}, ...more };
}

export const noop = (ref: string) => task('NOOP', ref);
export const simple = (ref: string, inputParameters: Json = {}) => task('SIMPLE', ref, { inputParameters });
export const inline = (ref: string, expression: string, inputs: Json = {}) =>
  task('INLINE', ref, { inputParameters: { evaluatorType: 'graaljs', expression, ...inputs } });
export const http = (ref: string, request: Json, more: Json = {}) =>
  task('HTTP', ref, { inputParameters: { http_request: request }, ...more });
export const choose = (ref: string, value: unknown, decisionCases: Json, more: Json = {}) =>
  task('SWITCH', ref, {
    evaluatorType: 'value-param',
    expression: 'v',
    inputParameters: { v: value },
    decisionCases,
    ...more,
  });
export const loop = (ref: string, loopCondition: string | undefined, loopOver: Json[], more: Json = {}) =>
  task('DO_WHILE', ref, { ...(loopCondition !== undefined && { loopCondition }), loopOver, ...more });
export const fork = (ref: string, forkTasks: Json[][]) => task('FORK_JOIN', ref, { forkTasks });
export const join = (ref: string, joinOn: unknown) => task('JOIN', ref, { joinOn });
export const set = (ref: string, inputParameters: Json) => task('SET_VARIABLE', ref, { inputParameters });
export const counted = (ref: string) => `$.${ref}['iteration'] < 3`;
export const get = { uri: 'http://127.0.0.1/x', method: 'GET' };

/** A trap as a table row. */
export type Row = [name: string, rule: string, bad: Json, right: Json, answer: Answer, known?: Trap['known']];

export const schema = (values: string[]) => ({
  inputSchema: { name: 's', version: 1, type: 'JSON', data: { type: 'object', properties: { k: { enum: values } } } },
});

export function chat(messages: Json[], more: Json = {}): Json {
  return task('LLM_CHAT_COMPLETE', 'c', { inputParameters: { llmProvider: 'openai', model: 'm', messages, ...more } });
}
