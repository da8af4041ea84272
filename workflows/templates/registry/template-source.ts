import { posix } from 'node:path';

/**
 * Turns the text of a template into files of the user.
 *
 * 1. A module is a list of statements. Each statement begins at the start of a line, because the formatter writes it so.
 * 2. The workflow's name (`ScheduledReport`) and its snake case (`scheduled_report`) have no other meaning in the text, so both are
 *    replaced everywhere.
 * 3. A file imports only the names that it uses.
 */
export interface Rename {
  /** The workflow's name in the template. */
  from: string;
  to: string;
  /** The import path of a module. `module` is a path in this repository without extension, e.g. `workflows/dsl/define-workflow`. */
  importing(module: string): string;
}

/** The folder of the templates, from which their relative imports start. */
const HOME = 'workflows/templates';

/** The parts of a template. Each becomes a file. */
export type Part = 'workflow' | 'schedule' | 'eventHandler';

/**
 * Writes the file of one part. A schedule or an event handler imports the workflow.
 * @param workflowFile the import path of the workflow's file
 */
export function partSource(template: string, part: Part, rename: Rename, workflowFile = ''): string {
  const { imports, statements } = parse(template);
  const own = statements.filter((statement) => belongsTo(statement, part));
  const body = own.map((statement) => statement.replace(`const ${part} = `, 'export default ')).join('');
  const workflow = part === 'workflow' ? [] : [{ names: 'workflow', from: workflowFile }];
  return finish([...moved(imports, rename), ...workflow], body, rename);
}

/** Writes the file of the dry runs. */
export function scenarioSource(scenario: string, rename: Rename, workflowFile: string): string {
  const { imports, statements } = parse(scenario);
  const others = imports.filter(({ names }) => names !== 'template');
  const body = statements.join('').replaceAll('template.workflow', 'workflow');
  return finish([...moved(others, rename), { names: 'workflow', from: workflowFile }], body, rename);
}

interface Import {
  /** The text between `import` and `from`. */
  names: string;
  from: string;
}

function parse(source: string): { imports: Import[]; statements: string[] } {
  const parts = withTheirComments(source.split(/^(?=(?:import|const|function|export)\b)/m));
  const statements = parts.filter((part) => !part.startsWith('import '));
  const imports = parts.flatMap((part) => {
    const found = /^import ([\s\S]*?) from '([^']+)';/.exec(part);
    return found ? [{ names: found[1] ?? '', from: found[2] ?? '' }] : [];
  });
  return { imports, statements };
}

/** Joins each comment to the statement below it. */
function withTheirComments(parts: readonly string[]): string[] {
  const ends = parts.map((part) => part.search(/^(?:\/\/.*\n|\/\*\*(?:(?!\*\/)[\s\S])*\*\/\n)+$(?![\s\S])/m));
  return parts.map((part, index) => {
    const end = ends[index] ?? -1;
    const before = ends[index - 1] ?? -1;
    return (before < 0 ? '' : (parts[index - 1] ?? '').slice(before)) + (end < 0 ? part : part.slice(0, end));
  });
}

/** True if a statement belongs to this part. Statements without a part, such as the text of a prompt, belong to the workflow. */
function belongsTo(statement: string, part: Part): boolean {
  if (/^export default defineTemplate\(/m.test(statement)) return false;
  const named = /^const (schedule|eventHandler) = /m.exec(statement)?.[1];
  return (named ?? 'workflow') === part;
}

function moved(imports: readonly Import[], { importing }: Rename): Import[] {
  return imports.map(({ names, from }) => {
    if (!from.startsWith('.')) return { names, from };
    return { names, from: importing(posix.join(HOME, from).replace(/\.[jt]s$/, '')) };
  });
}

function finish(imports: readonly Import[], body: string, { from, to }: Rename): string {
  const snake = snakeCase(from);
  // Both names are replaced in one step, because the new name may contain the old name.
  const renamed = body.replaceAll(new RegExp(`${from}|${snake}`, 'g'), (name) => (name === snake ? snakeCase(to) : to));
  const lines = imports
    .flatMap(({ names, from }) => {
      const used = namesUsed(names, renamed);
      return used === '' ? [] : [{ names: used, from }];
    })
    .sort((a, b) => distance(a.from) - distance(b.from) || (a.from < b.from ? -1 : 1))
    .map(({ names, from }) => `import ${names} from '${from}';`);
  return `${lines.join('\n')}\n\n${renamed.trim()}\n`;
}

/** The names of an import such as `a, { b, type C }` that occur in the text. */
function namesUsed(names: string, text: string): string {
  const [, fallback = '', listed = ''] = /^(\w*),?\s*(?:\{([\s\S]*)\})?$/.exec(names) ?? [];
  const isUsed = (name: string) => new RegExp(`\\b${name.trim().replace(/^type /, '')}\\b`).test(text);
  const kept = listed.split(',').filter((name) => name.trim() !== '' && isUsed(name));
  const braces = kept.length > 0 ? `{ ${kept.map((name) => name.trim()).join(', ')} }` : '';
  return [fallback !== '' && isUsed(fallback) ? fallback : '', braces].filter((part) => part !== '').join(', ');
}

/** The order of imports, as in the formatter: packages first, then the modules that are furthest away. */
function distance(from: string): number {
  if (!from.startsWith('.')) return -100;
  return -(from.match(/\.\.\//g)?.length ?? 0);
}

/** `OrderProcessing` becomes `order_processing`. */
export function snakeCase(name: string): string {
  return name.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toLowerCase();
}
