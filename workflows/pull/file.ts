import { z } from 'zod';
import type { WorkflowTask } from '../../core/conductor/types.ts';
import { isObject } from '../../core/json.ts';
import { expressionsIn } from '../model/expressions.ts';
import { walk } from '../model/walk.ts';
import { type Code, call, method, object, type Statement, text } from './code/code.ts';
import { literal } from './code/literals.ts';
import { type Printed, print } from './code/print.ts';
import type { Doubts } from './doubts.ts';
import { type Assigned, variableSchema } from './expressions/assigned.ts';
import { Visible } from './expressions/scope.ts';
import { inferredFields, Uses } from './expressions/uses.ts';
import { wired } from './expressions/wire.ts';
import type { Modules } from './imports.ts';
import type { Known } from './known.ts';
import { dataOf } from './schema/data-of.ts';
import { type Field, objectOf, type SchemaCode } from './schema/zod-code.ts';
import { Param, sequence } from './tasks/sequence.ts';
import { Writer } from './writer.ts';

/** A stored definition in its canonical form. */
export interface Stored {
  name: string;
  version: number;
  tasks: WorkflowTask[];
  [key: string]: unknown;
}

/** A file, and the references of the tasks in it that no builder's method says. */
export interface Written {
  printed: Printed;
  asTheyAre: string[];
}

/** What the mark of the workflow's output says in `Printed.markAt`: no task can be called so. */
export const OUTPUT = '\0output';

type TopCode = SchemaCode & { schema: z.ZodObject };

/** The file that defines a workflow. It is written twice, because what a value must be shows only where it is used. */
export function writeFile(
  stored: Stored,
  { known, modules, doubts }: { known: Known; modules: Modules; doubts: Doubts },
): Written {
  let learnt: Learnt = { uses: new Uses(), variables: new Map() };
  for (let reading = 1; reading < 3; reading++) {
    const { writer } = new FileWriter(stored, { known, modules, doubts, learnt }).write();
    learnt = { uses: writer.uses, variables: writer.variables };
  }
  const { printed, writer } = new FileWriter(stored, { known, modules, doubts, learnt }).write();
  return { printed, asTheyAre: writer.asTheyAre };
}

interface Learnt {
  uses: Uses;
  variables: ReadonlyMap<string, readonly Assigned[]>;
}

class FileWriter {
  readonly #stored: Stored;
  readonly #writer: Writer;
  readonly #learnt: Learnt;
  readonly #doubts: Doubts;

  constructor(stored: Stored, given: { known: Known; modules: Modules; doubts: Doubts; learnt: Learnt }) {
    this.#stored = stored;
    this.#learnt = given.learnt;
    this.#doubts = given.doubts;
    this.#writer = new Writer({ ...given, learnt: given.learnt.uses }, consumersIn(stored), stored.tasks);
  }

  write(): { printed: Printed; writer: Writer } {
    const writer = this.#writer;
    const define = writer.imports.defineWorkflow();
    const visible = new Visible();
    const wf = new Param('wf');
    const input = this.#input();
    const variables = this.#variables();
    const inputUse = new Param('input');
    visible.add('workflow.input', { code: 'input', schema: input.schema, use: () => void inputUse.method('') });
    const use = () => void wf.method('');
    if (variables) visible.add('workflow.variables', { code: 'wf.variables', schema: variables.schema, use });
    visible.add('workflow.workflowId', { code: 'wf.workflowId', schema: z.string(), use });
    const tasks = sequence(this.#stored.tasks, { writer, visible, param: wf });
    const output = this.#output(visible);
    const statements: Statement[] = [...tasks, { kind: 'return', value: output.returned, mark: OUTPUT }];
    const params = () => (inputUse.used ? '(wf, input)' : wf.used ? '(wf)' : '()');
    const spec = this.#spec(input, output, variables);
    const whole = {
      kind: 'build',
      define: call(define, [spec]),
      build: { kind: 'arrow', params, body: statements },
    } as const;
    // What was looked at for a task that came to be written without it is not declared.
    const isNamed = namesIn(print([whole]).source);
    const declared = writer.declarations.filter((one) => one.kind === 'const' && isNamed(one.name));
    const body = declared.flatMap((statement) => [statement, '']);
    const imports = writer.imports.declarations(namesIn(print([...body, whole]).source));
    return { printed: print([...imports, '', ...body, whole]), writer };
  }

  #spec(input: TopCode, output: TopCode, variables: TopCode | undefined): Code {
    const { name, version, description, failureWorkflow, timeoutSeconds } = this.#stored;
    const { verbatim } = this.#doubts;
    const handler = failureWorkflow === undefined ? undefined : this.#writer.workflow(failureWorkflow, undefined);
    const entries: [string, Code][] = [
      ['name', literal(name)],
      ['version', literal(version)],
      ['description', literal(typeof description === 'string' ? description : '')],
      ['input', input.code],
      ['output', output.code],
    ];
    if (variables) entries.push(['variables', variables.code]);
    if (handler) entries.push(['failureWorkflow', text(handler.name)]);
    if (typeof timeoutSeconds === 'number' && timeoutSeconds > 0)
      entries.push(['timeoutSeconds', literal(timeoutSeconds)]);
    if (Object.keys(verbatim).length > 0) entries.push(['verbatim', literal(verbatim)]);
    return object(entries, true);
  }

  #input(): TopCode {
    const { inputSchema, inputParameters, inputTemplate } = this.#stored;
    const data = dataOf(inputSchema);
    if (data) return this.#writer.schemas.readTop(data, 'input');
    const defaults = isObject(inputTemplate) ? inputTemplate : {};
    const [use] = this.#writer.usesOf('workflow.input');
    const declared = Array.isArray(inputParameters) ? inputParameters.filter((key) => typeof key === 'string') : [];
    const keys = [...new Set([...declared, ...Object.keys(defaults), ...(use?.keys.keys() ?? [])])];
    const fields = inferredFields(use ? [use] : [], keys, this.#writer.schemas).map(([key, field]): Field => {
      return [key, Object.hasOwn(defaults, key) ? withDefault(defaults[key]) : field];
    });
    return objectOf('object', fields);
  }

  #variables(): TopCode | undefined {
    const [use] = this.#writer.usesOf('workflow.variables');
    const initial = isObject(this.#stored.variables) ? Object.keys(this.#stored.variables) : [];
    const keys = [...new Set([...this.#learnt.variables.keys(), ...(use?.keys.keys() ?? []), ...initial])];
    if (keys.length === 0) return undefined;
    const fields = keys
      .filter((key) => key !== '__proto__')
      .map((key): Field => {
        const settings = initial.includes(key) ? [] : (this.#learnt.variables.get(key) ?? []);
        return [key, variableSchema(settings, use?.keys.get(key), this.#writer.schemas)];
      });
    return objectOf('object', fields);
  }

  #output(visible: Visible): TopCode & { returned: Code } {
    const { outputSchema, outputParameters } = this.#stored;
    const values = isObject(outputParameters) ? outputParameters : {};
    const data = dataOf(outputSchema);
    const refer = this.#writer.refer(visible);
    if (this.#doubts.literalOutput) return { ...objectOf('looseObject', []), returned: literal(values) };
    if (data) {
      const top = this.#writer.schemas.readTop(data, 'output');
      return { ...top, returned: wired(values, refer, top.schema) };
    }
    const fields = Object.keys(values).map((key): Field => [key, { code: call('z.unknown', []), schema: z.unknown() }]);
    return { ...objectOf('object', fields), returned: wired(values, refer) };
  }
}

/** Whether a name occurs in a source outside of its texts; template literals count, for they hold references. */
function namesIn(source: string): (name: string) => boolean {
  const literals = /`(?:[^`\\]|\\[\s\S])*`|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"/g;
  const code = source.replaceAll(literals, (found) => (found.startsWith('`') ? found : "''"));
  const words = new Set(code.match(/[A-Za-z_$][\w$]*/g));
  return (name) => words.has(name);
}

/** The default decides the type where it has a simple one; else the readers do. */
function withDefault(value: unknown): SchemaCode {
  const [name, schema] =
    typeof value === 'string'
      ? (['z.string', z.string()] as const)
      : typeof value === 'number'
        ? (['z.number', z.number()] as const)
        : typeof value === 'boolean'
          ? (['z.boolean', z.boolean()] as const)
          : (['z.any', z.any()] as const);
  const typed: z.ZodType = schema;
  return { code: method(call(name, []), 'default', [literal(value)]), schema: typed.default(value as never) };
}

/** Every reference of a definition to a task, and the task that holds it; empty for the output of the workflow. */
function consumersIn(stored: Stored): { owner: string; root: string }[] {
  const found = [...walk(stored.tasks)].flatMap(({ task }) => {
    const { decisionCases: _, defaultCase: __, forkTasks: ___, loopOver: ____, ...own } = task;
    return expressionsIn(own).map(({ path }) => ({ owner: task.taskReferenceName, root: rootOf(path) }));
  });
  return [...found, ...expressionsIn(stored.outputParameters).map(({ path }) => ({ owner: '', root: rootOf(path) }))];
}

function rootOf(path: string): string {
  return /^[^.[]*/.exec(path)?.[0] ?? '';
}
