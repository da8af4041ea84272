import { z } from 'zod';
import { isObject } from '../../core/json.ts';
import { nearest } from '../../core/nearest.ts';
import { zodMistakes, zodPath } from '../../core/schema/zod-sentences.ts';
import type { Problems, StepPlace } from './step-problems.ts';

/** The form of every type of step. Steps inside a step are not checked here, but when each of them is compiled. */
const text = z.string().min(1);
const values = z.record(z.string(), z.unknown());
/** A single step may be written without a list. */
const sequence = z.union([z.array(z.unknown()), z.looseObject({})]);

const step = { id: z.string().optional() };
/** The fields of steps that are answered from outside: whether the step may fail, and an example of its answer for the dry run. */
const answering = { ...step, optional: z.boolean().default(false), example: z.unknown().optional() };
/** The fields of calls that the server makes. */
const call = {
  ...answering,
  timeoutSeconds: z.int().min(2).max(3600).optional(),
  retries: z.int().min(0).max(10).default(3),
};

export const forms = {
  http: z.strictObject({
    ...call,
    url: text,
    method: z.enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']).default('GET'),
    headers: z.record(z.string(), z.string()).optional(),
    body: z.unknown().optional(),
  }),
  worker: z.strictObject({ ...answering, task: text, input: values.default({}) }),
  mcp_tool: z.strictObject({
    ...call,
    server: text,
    tool: text,
    arguments: values.default({}),
    headers: z.record(z.string(), z.string()).optional(),
  }),
  llm: z.strictObject({
    ...call,
    provider: text,
    model: text,
    prompt: text,
    system: text.optional(),
    json: z.boolean().default(false),
    maxTokens: z.int().min(1).default(1_000),
    temperature: z.number().min(0).max(2).default(0),
  }),
  workflow: z.strictObject({ ...answering, name: text, version: z.int().min(1).optional(), input: values.default({}) }),
  approval: z.strictObject({
    ...step,
    question: text,
    details: values.default({}),
    onRejected: z.enum(['stop', 'continue']).default('stop'),
  }),
  wait: z.strictObject({
    ...step,
    seconds: z.union([z.int().min(1), text]).optional(),
    until: text.optional(),
    signal: z.literal(true).optional(),
    example: z.unknown().optional(),
  }),
  set: z.strictObject({ ...step, values }),
  script: z.strictObject({ ...step, code: text, input: values.default({}) }),
  jq: z.strictObject({ ...step, query: text, input: values.default({}) }),
  parallel: z.strictObject({ ...step, branches: z.array(z.unknown()).min(1) }),
  branch: z.strictObject({
    ...step,
    on: text.optional(),
    cases: z.record(z.string(), z.unknown()).optional(),
    otherwise: sequence.optional(),
    if: text.optional(),
    // biome-ignore lint/suspicious/noThenProperty: `then` is a list or a form here, never a function
    then: sequence.optional(),
    else: sequence.optional(),
  }),
  loop: z.strictObject({
    ...step,
    over: z.union([text, z.array(z.unknown())]).optional(),
    while: text.optional(),
    until: text.optional(),
    rounds: z.int().min(1).max(1000).optional(),
    steps: sequence,
    collect: z.unknown().optional(),
  }),
  end: z.strictObject({
    ...step,
    status: z.enum(['COMPLETED', 'FAILED']).default('COMPLETED'),
    reason: text.optional(),
    output: values.default({}),
  }),
} as const;

export type StepType = keyof typeof forms;

/** A step of one type, as its author wrote it, with the defaults. */
export type StepOf<T extends StepType> = z.output<(typeof forms)[T]>;

export const stepTypes = Object.keys(forms) as StepType[]; // `forms` has no other keys

/** Other words that people write for these types, each with the type that they mean. */
const MEANT: Record<string, StepType> = {
  fork: 'parallel',
  fork_join: 'parallel',
  switch: 'branch',
  if: 'branch',
  condition: 'branch',
  decision: 'branch',
  while: 'loop',
  do_while: 'loop',
  for_each: 'loop',
  foreach: 'loop',
  repeat: 'loop',
  human: 'approval',
  approve: 'approval',
  sleep: 'wait',
  delay: 'wait',
  timer: 'wait',
  request: 'http',
  task: 'worker',
  simple: 'worker',
  mcp: 'mcp_tool',
  tool: 'mcp_tool',
  call_mcp_tool: 'mcp_tool',
  model: 'llm',
  ai: 'llm',
  agent: 'llm',
  llm_chat_complete: 'llm',
  sub_workflow: 'workflow',
  subworkflow: 'workflow',
  start_workflow: 'workflow',
  set_variable: 'set',
  variable: 'set',
  javascript: 'script',
  inline: 'script',
  code: 'script',
  transform: 'jq',
  json_jq_transform: 'jq',
  terminate: 'end',
  stop: 'end',
  fail: 'end',
};

/** A step that has the form of its type. */
export type ReadStep = { [T in StepType]: { readonly type: T; readonly step: StepOf<T> } }[StepType];

/** Reads a step. If it does not have the form of its type, reports the problems and returns undefined. */
export function readStep(raw: unknown, place: StepPlace, problems: Problems): ReadStep | undefined {
  if (!isObject(raw)) {
    problems.add(place, '', 'a step is a JSON object with a type.');
    return undefined;
  }
  const { type, ...fields } = raw;
  if (!isStepType(type)) {
    problems.add(place, 'type', unknownType(type));
    return undefined;
  }
  const form: z.ZodObject = forms[type];
  const parsed = form.safeParse(fields);
  if (parsed.success) return { type, step: parsed.data } as ReadStep; // the form belongs to this type
  const known = ['type', ...Object.keys(form.shape)];
  for (const { path, rule } of zodMistakes(parsed.error, fields, { fields: known })) {
    problems.add(place, zodPath(path), `${path.length === 0 ? type : 'it'} ${rule}.`);
  }
  return undefined;
}

function isStepType(type: unknown): type is StepType {
  return typeof type === 'string' && Object.hasOwn(forms, type);
}

function unknownType(type: unknown): string {
  const all = `The types are ${stepTypes.join(', ')}.`;
  if (type === undefined) return `it is missing. ${all}`;
  if (typeof type !== 'string') return `it must be a text. ${all}`;
  const word = type.toLowerCase();
  const meant = Object.hasOwn(MEANT, word) ? MEANT[word] : nearest(word, stepTypes);
  return `there is no type ${JSON.stringify(type)}. ${meant ? `Write "${meant}".` : all}`;
}
