import { describe, expect, test } from 'vitest';
import { discover } from '../../core/content/discover.ts';
import { FleetError } from '../../core/errors.ts';
import { parseArguments } from '../../mcp/engine/arguments/parse-arguments.ts';
import { isTool } from '../../mcp/engine/define-tool.ts';
import { listingOf } from '../../mcp/engine/tool-listing.ts';
import { callsIn } from '../evals/advice.ts';
import { mistakesFor } from '../evals/mistakes.ts';

const tools = await discover(new URL('../../mcp/tools/', import.meta.url), isTool, 'tool');
const byName = new Map(tools.map((tool) => [tool.name, tool]));
const cases = tools.flatMap((tool) =>
  mistakesFor(listingOf(tool)).map(({ what, args }) => [tool.name, what, args] as const),
);

describe('after a mistake in the arguments, the error names the next call', () => {
  test.each(cases)('%s with %s', (name, _what, args) => {
    const tool = byName.get(name);
    if (!tool) throw new Error(`there is no tool ${name}`);
    const { code, remedy = '' } = refusalOf(() => parseArguments({ tool, args }));
    expect(code).toBe('input');

    const calls = callsIn(remedy, [...byName.keys()]);
    for (const call of calls) {
      const advised = byName.get(call.tool);
      expect(advised?.input.safeParse(call.args).error?.issues ?? [], remedy).toEqual([]);
      // If a suggested call changes something, it must be a call of the same tool.
      if (!advised?.annotations.readOnlyHint) expect(call.tool, remedy).toBe(name);
    }
    if (calls.length === 0) expect(remedy).toContain(`then call ${name} again`);
  });
});

function refusalOf(parse: () => unknown): FleetError {
  try {
    parse();
  } catch (error) {
    if (error instanceof FleetError) return error;
    throw error;
  }
  throw new Error('the arguments were taken');
}
