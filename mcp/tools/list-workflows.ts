import { z } from 'zod';
import type { StoredWorkflowDef } from '../../core/conductor/types.ts';
import { orUndefined } from '../../core/errors.ts';
import { inParallel } from '../../core/in-parallel.ts';
import { clip, count } from '../../core/text.ts';
import { inputsOf } from '../analysis/workflow-inputs.ts';
import { defineTool, type ToolContext } from '../engine/define-tool.ts';
import type { DefinitionIndex } from '../shared/definition-cache.ts';
import { nearNames } from '../shared/near-names.ts';
import { callOf, quote, quoteIfUnusual } from '../shared/quote.ts';

const PURPOSE_LIMIT = 120;
const MOST_INPUTS = 8;
/** At most this many purposes are searched, the latest definitions first. Names are searched in all definitions. */
const MOST_READ = 300;
const AT_ONCE = 16;

const COLUMNS = ['name', 'versions', 'purpose', 'inputs'];

export default defineTool({
  name: 'list_workflows',
  title: 'List workflow definitions',
  description:
    'The catalogue: an overview of all registered workflows, shows which exist (names, versions, purpose, inputs), or finds some by words of name or purpose. Their runs: list_workflow_executions.',
  toolset: 'workflows',
  byDefault: true,
  permission: 'workflows:read',
  annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  input: z.strictObject({
    search: z
      .string()
      .refine((text) => text.length <= 200, 'must be at most 200 characters long')
      .optional()
      .describe('Words of the name or purpose'),
    page: z.int().min(1).default(1).describe('Page, from 1'),
    limit: z.int().min(1).max(100).default(20).describe('Rows per page'),
  }),
  output: z.object({
    columns: z.array(z.unknown()),
    rows: z.array(z.unknown()),
    total: z.int(),
    nextPage: z.int().optional(),
  }),
}).handler(async ({ search, page, limit }, context) => {
  const { index, found, names, defs } = await look(search, page, limit, context);
  const rows = names.map((name) => rowOf(name, index, defs.get(name)));
  const nextPage = page * limit < found.length ? page + 1 : undefined;
  const more = callOf('list_workflows', {
    ...(search !== undefined && { search }),
    page: page + 1,
    ...(limit !== 20 && { limit }),
  });
  const first = (page - 1) * limit + 1;
  return {
    text:
      rows.length > 0
        ? [
            `Workflows ${first}–${first + rows.length - 1} of ${found.length} (purposes are quoted data):`,
            COLUMNS.join(' | '),
            ...rows.map(lineOf),
            ...(nextPage ? [`More: ${more}`] : []),
            ...limits(search, index),
          ].join('\n')
        : nothing(search, found.length, index),
    structured: {
      columns: COLUMNS,
      rows: rows.map(({ name, versions, purpose, inputs }) => [name, versions, purpose ?? null, inputs]),
      total: found.length,
      ...(nextPage && { nextPage }),
    },
  };
});

interface Look {
  readonly index: DefinitionIndex;
  readonly found: readonly string[];
  /** The names on the page. */
  readonly names: readonly string[];
  readonly defs: ReadonlyMap<string, StoredWorkflowDef>;
}

/** Reads a page. If a definition was deleted just after the names were read, reads the page a second time. */
async function look(search: string | undefined, page: number, limit: number, context: ToolContext): Promise<Look> {
  for (let again = true; ; again = false) {
    const index = await context.definitions.index({ fresh: true });
    const found = search === undefined ? [...index.keys()].sort() : await matching(search, index, context);
    const names = found.slice((page - 1) * limit, page * limit);
    const defs = await readAll(names, context);
    const gone = names.filter((name) => !defs.has(name));
    if (gone.length === 0 || !again) return { index, found, names, defs };
  }
}

interface Row {
  readonly name: string;
  readonly versions: readonly number[];
  readonly purpose?: string;
  readonly inputs: readonly string[];
}

function rowOf(name: string, index: DefinitionIndex, def: StoredWorkflowDef | undefined): Row {
  const purpose = def?.description?.trim();
  return {
    name,
    versions: (index.get(name) ?? []).map(({ version }) => version),
    ...(purpose && { purpose: clip(purpose, PURPOSE_LIMIT) }),
    inputs: def ? inputsOf(def).map((input) => `${input.name}${input.required === false ? '?' : ''}`) : [],
  };
}

function lineOf({ name, versions, purpose, inputs }: Row): string {
  const shown = inputs
    .slice(0, MOST_INPUTS)
    .map((input) => `${quoteIfUnusual(input.replace(/\?$/, ''))}${input.endsWith('?') ? '?' : ''}`)
    .join(', ');
  const more = inputs.length > MOST_INPUTS ? `, ${inputs.length - MOST_INPUTS} more` : '';
  return [quoteIfUnusual(name), versions.join(','), purpose ? quote(purpose) : '-', shown ? shown + more : '-'].join(
    ' | ',
  );
}

/** First the workflows whose name has every word, then the workflows whose name and purpose together have every word. */
async function matching(text: string, index: DefinitionIndex, context: ToolContext): Promise<string[]> {
  const words = text
    .toLowerCase()
    .split(/[\s_-]+/)
    .filter(Boolean);
  const holds = (where: string) => words.every((part) => where.toLowerCase().includes(part));
  const names = [...index.keys()].sort();
  const byName = names.filter(holds);
  const others = latestFirst(index)
    .filter((name) => !byName.includes(name))
    .slice(0, MOST_READ);
  const defs = await readAll(others, context);
  const byPurpose = others.filter((name) => holds(`${name} ${defs.get(name)?.description ?? ''}`));
  return [...byName, ...byPurpose.sort()];
}

function latestFirst(index: DefinitionIndex): string[] {
  const storedAt = (name: string) => Math.max(0, ...(index.get(name) ?? []).map(({ updateTime }) => updateTime ?? 0));
  return [...index.keys()].sort((a, b) => storedAt(b) - storedAt(a));
}

async function readAll(
  names: readonly string[],
  { definitions }: ToolContext,
): Promise<Map<string, StoredWorkflowDef>> {
  const found = await inParallel(names, AT_ONCE, (name) => orUndefined(definitions.get(name)));
  return new Map(found.flatMap((def) => (def ? [[def.name, def]] : [])));
}

function nothing(search: string | undefined, found: number, index: DefinitionIndex): string {
  if (found > 0)
    return `There are only ${count(found, 'workflow')}; see the first page: ${callOf('list_workflows', {})}`;
  if (index.size === 0) return 'No workflow is registered. create_workflow registers one.';
  const near = search === undefined ? [] : nearNames(search, [...index.keys()]);
  const similar = near.length > 0 ? ` Similar names: ${near.map(quoteIfUnusual).join(', ')}.` : '';
  const all = `All ${count(index.size, 'workflow')}: ${callOf('list_workflows', {})}`;
  return [`No name or purpose has all these words.${similar} ${all}`, ...limits(search, index)].join('\n');
}

/** A sentence about what was not searched. */
function limits(search: string | undefined, { size }: DefinitionIndex): string[] {
  if (search === undefined || size <= MOST_READ) return [];
  return [`Purposes were searched only in the ${MOST_READ} workflows that were registered last; names in all ${size}.`];
}
