import { isDeepStrictEqual } from 'node:util';
import { defineTask, type TaskContract, type TaskOptions } from '../../core/contract.ts';
import { canonicalTask } from '../manage/compare/canonical.ts';
import { toTaskDef } from '../manage/task-def.ts';
import { type Code, call, object, text } from './code/code.ts';
import { literal } from './code/literals.ts';
import { inferred, type Use } from './expressions/uses.ts';
import type { Imports } from './imports.ts';
import { dataOf } from './schema/data-of.ts';
import type { SchemaReader } from './schema/from-json.ts';
import { anything, type Field, objectOf, optional } from './schema/zod-code.ts';

interface Seen {
  /** The task definition on the server, if there is one. */
  stored: Readonly<Record<string, unknown>> | undefined;
  /** The inputs of all tasks of this type. */
  inputs: readonly Readonly<Record<string, unknown>>[];
  /** What is done with their outputs. */
  outputs: readonly Use[];
  schemas: SchemaReader;
  imports: Imports;
}

const OPTIONS = [
  'retryCount',
  'retryLogic',
  'retryDelaySeconds',
  'backoffScaleFactor',
  'timeoutSeconds',
  'timeoutPolicy',
  'responseTimeoutSeconds',
  'maxRetryDelaySeconds',
  'totalTimeoutSeconds',
  'pollTimeoutSeconds',
  'concurrentExecLimit',
] as const satisfies readonly (keyof TaskOptions)[];

/** The contract of a task that somebody else's worker serves, with the task definition it has on the server. */
export function declaredContract(name: string, seen: Seen): { code: Code; contract: TaskContract } {
  const { stored, schemas } = seen;
  const inputData = dataOf(stored?.inputSchema);
  const outputData = dataOf(stored?.outputSchema);
  const input = inputData ? schemas.readTop(inputData, 'input') : inputOf(seen.inputs);
  const output = outputData ? schemas.readTop(outputData, 'output') : outputOf(seen);
  const description = typeof stored?.description === 'string' ? stored.description : '';
  const bare = { name, description, input: input.schema, output: output.schema };
  const options = stored ? optionsOf(stored, defineTask(bare)) : {};
  const verbatim = stored ? differences(stored, defineTask({ ...bare, ...options })) : {};
  const code = call(seen.imports.contract('defineTask'), [
    object(
      [
        ['name', literal(name)],
        ['description', literal(description)],
        ['input', input.code],
        ['output', output.code],
        ...Object.entries(options).map(([key, value]) => [key, literal(value)] as const),
        ...(stored ? [] : [['registered', text('false')] as const]),
        ...(Object.keys(verbatim).length > 0 ? [['verbatim', literal(verbatim)] as const] : []),
      ],
      true,
    ),
  ]);
  return { code, contract: defineTask(bare) };
}

/** Every key that some task of this type is given; it may be left out if another is not given it. */
function inputOf(inputs: Seen['inputs']) {
  const keys = [...new Set(inputs.flatMap((input) => Object.keys(input)))].filter((key) => key !== '__proto__');
  const fields = keys.map((key): Field => {
    const always = inputs.every((input) => Object.hasOwn(input, key));
    return [key, always ? anything() : optional(anything())];
  });
  return objectOf('object', fields);
}

function outputOf({ outputs, schemas }: Seen) {
  const found = inferred(outputs, schemas);
  return isObjectCode(found) ? found : objectOf('looseObject', []);
}

function isObjectCode(found: ReturnType<typeof inferred>): found is ReturnType<typeof objectOf> {
  return 'shape' in found.schema;
}

/** The options that are not as they would be without saying so. */
function optionsOf(stored: Readonly<Record<string, unknown>>, bare: TaskContract): TaskOptions {
  const byDefault = toTaskDef(bare);
  const own = OPTIONS.filter((key) => key in stored && stored[key] !== null && stored[key] !== (byDefault[key] ?? 0));
  return Object.fromEntries(own.map((key) => [key, stored[key]]));
}

/** What no option says of a task definition. */
function differences(stored: Readonly<Record<string, unknown>>, contract: TaskContract): Record<string, unknown> {
  const theirs = canonicalTask(stored);
  const ours = canonicalTask(toTaskDef(contract));
  const keys = [...new Set([...Object.keys(theirs), ...Object.keys(ours)])];
  return Object.fromEntries(
    keys.filter((key) => !isDeepStrictEqual(ours[key], theirs[key])).map((key) => [key, theirs[key]]),
  );
}
