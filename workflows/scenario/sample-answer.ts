import { outputSchemaOf } from '../../core/contract.ts';
import { isObject } from '../../core/json.ts';
import type { ScenarioTask } from './workflow-steps.ts';

/** A line to paste into `tasks`, with an answer that fits the task. */
export function stubOf(step: Pick<ScenarioTask, 'ref' | 'type' | 'contract' | 'child'>): string {
  return `${step.ref}: ${answerOf(step)},`;
}

function answerOf({ type, contract, child }: Pick<ScenarioTask, 'type' | 'contract' | 'child'>): string {
  if (type === 'HTTP') return 'answers(200, {})';
  if (/^LLM_(CHAT|TEXT)_COMPLETE$/.test(type)) return "completes({ result: '', finishReason: 'STOP' })";
  if (type === 'CALL_MCP_TOOL') return "completes({ content: [{ type: 'text', text: '' }] })";
  if (type === 'LIST_MCP_TOOLS') return 'completes({ tools: [] })';
  if (type === 'START_WORKFLOW') return "completes({ workflowId: '' })";
  const output = child?.output ?? (contract?.kind === 'task' ? contract.output : undefined);
  if (!output) return 'completes({})';
  return `completes(${source(sample(outputSchemaOf(output)))})`;
}

/** A minimal value that a JSON Schema accepts, with only the required properties. */
export function sample(schema: unknown): unknown {
  if (!isObject(schema)) return null;
  if ('const' in schema) return schema.const;
  if ('default' in schema) return schema.default;
  if (Array.isArray(schema.enum)) return schema.enum[0];
  const [first] = [schema.anyOf, schema.oneOf, schema.allOf].flatMap((of) => (Array.isArray(of) ? of : []));
  if (first !== undefined) return sample(first);
  if (Array.isArray(schema.type)) return sample({ ...schema, type: schema.type[0] });
  if (schema.type === 'object') return sampleObject(schema);
  if (schema.type === 'array') return [];
  if (schema.type === 'string') return sampleText(schema);
  if (schema.type === 'boolean') return true;
  if (schema.type === 'number' || schema.type === 'integer') return sampleNumber(schema);
  return null;
}

function sampleObject({ properties, required }: Record<string, unknown>): Record<string, unknown> {
  const names = Array.isArray(required) ? required : [];
  const entries = isObject(properties) ? Object.entries(properties) : [];
  return Object.fromEntries(entries.filter(([name]) => names.includes(name)).map(([name, of]) => [name, sample(of)]));
}

function sampleText({ format, minLength }: Record<string, unknown>): string {
  if (format === 'date-time') return '2026-01-01T00:00:00Z';
  if (format === 'date') return '2026-01-01';
  if (format === 'uri') return 'https://example.com';
  if (format === 'email') return 'someone@example.com';
  if (format === 'uuid') return '00000000-0000-4000-8000-000000000000';
  return typeof minLength === 'number' ? 'x'.repeat(minLength) : '';
}

function sampleNumber({ minimum, exclusiveMinimum, maximum }: Record<string, unknown>): number {
  if (typeof exclusiveMinimum === 'number') return Math.max(0, exclusiveMinimum + 1);
  const least = typeof minimum === 'number' ? Math.max(0, minimum) : 0;
  return typeof maximum === 'number' ? Math.min(least, maximum) : least;
}

/** Writes a value as a person would write it in TypeScript. */
function source(value: unknown): string {
  if (typeof value === 'string')
    return `'${JSON.stringify(value).slice(1, -1).replaceAll("'", "\\'").replaceAll('\\"', '"')}'`;
  if (Array.isArray(value)) return `[${value.map(source).join(', ')}]`;
  if (!isObject(value)) return JSON.stringify(value) ?? 'undefined';
  const entries = Object.entries(value).map(
    ([key, item]) => `${/^[A-Za-z_$][\w$]*$/.test(key) ? key : source(key)}: ${source(item)}`,
  );
  return entries.length === 0 ? '{}' : `{ ${entries.join(', ')} }`;
}
