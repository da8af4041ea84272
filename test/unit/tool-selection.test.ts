import { describe, expect, test } from 'vitest';
import { discover } from '../../core/content/discover.ts';
import { isTool } from '../../mcp/engine/define-tool.ts';
import { INSTRUCTIONS } from '../../mcp/engine/instructions.ts';
import { LEAST_BY_NAMES, placeByNames, wordsIn } from '../evals/by-names.ts';
import { adversarial, goldens, heldOut, moreGoldens } from '../evals/goldens.ts';
import { allListings } from '../evals/listings.ts';
import { confusablePairs, createRanking, type RankedTool, stemsOf } from '../evals/ranking.ts';
import { misses, place, score, shortfalls } from '../evals/selection.ts';

const MOST_ALIKE = 0.8;
const tools = await allListings();
const builtIn = await discover(new URL('../../mcp/tools/', import.meta.url), isTool, 'tool');
const ours = goldens();
const more = moreGoldens();
const theirs = heldOut() ?? [];
const names = tools.map(({ name }) => name);

describe('the ranking by words finds the right tool', () => {
  test('the ranking finds the right tool for our goldens, which authors use to tune descriptions', () => {
    expect(shortfalls(ours, tools), misses(place(ours, tools)).join('\n')).toEqual([]);
  });

  test('the ranking finds the right tool for the goldens of another person, which authors also use to tune descriptions', () => {
    expect(shortfalls(more, tools), misses(place(more, tools)).join('\n')).toEqual([]);
  });

  test('the ranking finds the right tool for the held-out requests, which authors never use to tune descriptions', () => {
    expect(theirs.length).toBeGreaterThanOrEqual(30);
    expect(shortfalls(theirs, tools)).toEqual([]); // no misses are shown, because a reader would tune descriptions on them
  });

  test('if a tool is missing or has a meaningless name, the scores are too low', () => {
    for (const name of names) {
      const without = tools.filter((tool) => tool.name !== name);
      expect(shortfalls(ours, without), `without ${name}`).not.toEqual([]);
      const renamed = tools.map((tool) => (tool.name === name ? { ...tool, name: 'zx_qv' } : tool));
      expect(shortfalls(ours, renamed), `${name} renamed`).not.toEqual([]);
    }
  }, 120_000); // the test ranks every golden twice for each tool

  test('if the tools have swapped their descriptions, the scores are too low', () => {
    const swapped = tools.map((tool, at) => ({ ...(tools[(at + 1) % tools.length] ?? tool), name: tool.name }));
    for (const set of [ours, more, theirs]) expect(shortfalls(set, swapped)).not.toEqual([]);
  });
});

describe('a client that knows only names and instructions', () => {
  const words = wordsIn(INSTRUCTIONS);

  test('the instructions have at most 2,000 characters, because clients cut a longer text', () => {
    expect(INSTRUCTIONS.length).toBeLessThanOrEqual(2000);
  });

  test('the instructions give words for every tool and name the toolset of each tool that is off', () => {
    expect([...words.keys()].sort()).toEqual(builtIn.map(({ name }) => name).sort());
    const [on = '', off = ''] = INSTRUCTIONS.split(/^Off until .*$/m);
    const toolsetOf = new Map(
      off.split('\n').flatMap((line) => [...wordsIn(line).keys()].map((name) => [name, line.split(' = ')[0]])),
    );
    for (const { name, toolset, byDefault } of builtIn) {
      if (byDefault) expect(on, name).toContain(`\n${name}: `);
      else expect(toolsetOf.get(name), name).toBe(toolset);
    }
  });

  test.each([
    ['goldens', ours],
    ['more-goldens', more],
    ['held-out', theirs],
  ] as const)('the right tool is among the first three for at least 75 %% of the %s', (name, set) => {
    const { first, loaded } = placeByNames(set, tools, INSTRUCTIONS);
    const missed = name === 'held-out' ? '' : misses(first).join('\n');
    expect(score(first, tools).top3, missed).toBeGreaterThanOrEqual(LEAST_BY_NAMES);
    expect(score(loaded, tools).top1, missed).toBeGreaterThanOrEqual(LEAST_BY_NAMES);
  });

  test('by names alone, without the instructions, the scores are too low', () => {
    expect(score(placeByNames(more, tools, '').first, tools).top3).toBeLessThan(LEAST_BY_NAMES);
  });
});

describe('the goldens', () => {
  test('every golden has a unique id', () => {
    const ids = [...ours, ...more, ...theirs].map(({ id }) => id);
    expect(ids.filter((id, at) => ids.indexOf(id) !== at)).toEqual([]);
  });

  test('the goldens expect every tool and express every intent at least twice', () => {
    const times = (of: readonly string[], one: string) => of.filter((other) => other === one).length;
    const expected = ours.map((golden) => golden.expected[0] ?? '');
    expect(names.filter((name) => times(expected, name) < 2)).toEqual([]);
    const intents = ours.map(({ intent }) => intent);
    expect(intents.filter((intent) => times(intents, intent) < 2)).toEqual([]);
  });

  test('no golden names a tool, not even as separate words', () => {
    const phrases = names.map((name) => ` ${name.replaceAll('_', ' ')} `);
    const naming = ours.filter(({ request }) => {
      const words = ` ${request.toLowerCase().replaceAll(/[^a-z\d]+/g, ' ')} `;
      return phrases.some((phrase) => words.includes(phrase));
    });
    expect(naming.map(({ id }) => id)).toEqual([]);
  });

  test('the goldens expect and forbid only existing tools and parameters', () => {
    const said = [...ours, ...more, ...theirs].flatMap(({ expected, forbidden }) => [...expected, ...forbidden]);
    expect(said.filter((name) => !names.includes(name))).toEqual([]);
    const parameters = new Map(tools.map(({ name, inputSchema }) => [name, Object.keys(inputSchema.properties ?? {})]));
    const strange = [...ours, ...more, ...theirs].flatMap(({ id, expected: [tool = ''], args = {} }) =>
      Object.keys(args)
        .filter((key) => !parameters.get(tool)?.includes(key))
        .map((key) => `${id}: ${tool} has no ${key}`),
    );
    expect(strange).toEqual([]);
  });

  test.each(adversarial())(
    'in the adversarial conversation $id, the call is valid for its tool',
    ({ call, forbidden }) => {
      const tool = tools.find(({ name }) => name === call.tool);
      expect(Object.keys(tool?.inputSchema.properties ?? {})).toEqual(expect.arrayContaining(Object.keys(call.args)));
      expect(names).toEqual(expect.arrayContaining(forbidden));
    },
  );
});

describe('no two tools have similar texts', () => {
  test(`the texts of two tools have a cosine of at most ${MOST_ALIKE}, unless each names the other`, () => {
    const described = new Map(tools.map(({ name, description = '' }) => [name, description]));
    const confusable = confusablePairs(tools)
      .filter(({ cosine }) => cosine > MOST_ALIKE)
      .filter(({ tools: [a, b] }) => !(described.get(a)?.includes(b) && described.get(b)?.includes(a)));
    expect(confusable).toEqual([]);
  });

  test('a copy of a tool under another name would be detected', () => {
    const [original, ...rest] = tools;
    if (!original) throw new Error('there is no tool');
    const [pair] = confusablePairs([original, { ...original, name: `${original.name}_again` }, ...rest]);
    expect(pair?.tools).toEqual([original.name, `${original.name}_again`]);
    expect(pair?.cosine).toBeGreaterThan(MOST_ALIKE);
  });
});

describe('the ranking', () => {
  const tool = (name: string, description: string, parameters: object = {}): RankedTool => ({
    name,
    description,
    inputSchema: { type: 'object', properties: parameters },
  });
  const first = (request: string, ...list: RankedTool[]) => createRanking(list)(request)[0]?.name;

  test('the ranking gives a word most weight in the name, less in the description, least in a parameter', () => {
    const named = tool('stop_it', 'Does a thing.');
    const described = tool('other', 'May stop a thing.');
    const parameter = tool('third', 'Does a thing.', { stop: { type: 'boolean' } });
    expect(first('stop', described, named, parameter)).toBe('stop_it');
    expect(first('stop', parameter, described)).toBe('other');
    expect(first('stop', tool('none', 'Does a thing.'), parameter)).toBe('third');
  });

  test('the ranking matches a synonym, with less weight than the exact word', () => {
    expect(first('kill', tool('a', 'Begins it.'), tool('b', 'Ends it.'))).toBe('b');
    expect(first('kill', tool('a', 'Ends it.'), tool('b', 'Kills it.'))).toBe('b');
  });

  test('the ranking gives a rare word more weight than a common word', () => {
    const list = [tool('a', 'Workflow.'), tool('b', 'Workflow queue.'), tool('c', 'Workflow.')];
    expect(first('workflow queue', ...list)).toBe('b');
  });

  test('the ranking reads descriptions and allowed values of parameters, even of a parameter called "description"', () => {
    expect(first('nightly', tool('a', 'X.'), tool('b', 'X.', { description: { description: 'Nightly?' } }))).toBe('b');
    expect(first('resume', tool('a', 'X.'), tool('b', 'X.', { action: { enum: ['pause', 'resume'] } }))).toBe('b');
  });

  test.each([
    ['execute executes executed executing execution executions', 1],
    ['approve approves approval approvals approved', 1],
    ['fail fails failed failing failure failures', 1],
    ['stop stopped stopping', 1],
    ['retry retries retried retrying', 1],
    ['create created creating creation', 1],
    ['validate validates validation', 1],
    ['schedule schedules scheduled', 1],
    ['process queue status', 3],
    ['executionId execution_id', 2],
    ['5c1f0d7e-33a1-4c0b-9a55-1f0a8a3b7c11 42', 0],
  ])('the words %s have %i different stems', (text, different) => {
    expect(new Set(stemsOf(text)).size).toBe(different);
  });
});
