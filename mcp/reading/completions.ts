import type { CompleteResult } from '@modelcontextprotocol/server';
import { FleetError } from '../../core/errors.ts';
import { clip } from '../../core/text.ts';
import type { Surroundings } from '../engine/context.ts';
import type { Feature } from '../engine/mcp-server.ts';
import type { Completer } from './completers.ts';
import type { Prompt } from './define-prompt.ts';
import type { Resource } from './define-resource.ts';
import { createAnswer } from './request.ts';

/** As many as the protocol lets one answer hold. */
const MOST_VALUES = 100;

export interface CompletionsOptions extends Surroundings {
  readonly resources: () => Promise<readonly Resource[]>;
  readonly prompts: () => Promise<readonly Prompt[]>;
}

type Ref = { type: 'ref/prompt'; name: string } | { type: 'ref/resource'; uri: string };

/** `completion/complete` for the parameters of resources and the arguments of prompts. */
export function createCompletions(options: CompletionsOptions): Feature {
  const answer = createAnswer(options);
  return {
    capabilities: { completions: {} },
    attach(server, { caller }) {
      server.setRequestHandler('completion/complete', ({ params }, { mcpReq: { signal } }) => {
        const { ref, argument, context: given } = params;
        return answer(
          { method: 'completion/complete', caller, signal },
          () => find(ref, options),
          async ({ complete = {} }, context) => {
            const completer: Completer | undefined = Object.hasOwn(complete, argument.name)
              ? complete[argument.name]
              : undefined;
            const all = completer ? await completer(given?.arguments ?? {}, context) : [];
            return { completion: matching(all, argument.value) };
          },
        );
      });
    },
  };
}

/** Those that begin with what was typed, then those that hold it, each in their order. */
function matching(all: readonly string[], typed: string): CompleteResult['completion'] {
  const wanted = typed.toLowerCase();
  const placed = all.map((value) => ({ value, at: value.toLowerCase().indexOf(wanted) }));
  const values = [...placed.filter(({ at }) => at === 0), ...placed.filter(({ at }) => at > 0)].map(
    ({ value }) => value,
  );
  return { values: values.slice(0, MOST_VALUES), total: values.length, hasMore: values.length > MOST_VALUES };
}

async function find(ref: Ref, options: CompletionsOptions): Promise<Resource | Prompt> {
  const [resources, prompts] = await Promise.all([options.resources(), options.prompts()]);
  const name = ref.type === 'ref/prompt' ? ref.name : ref.uri;
  const found: Resource | Prompt | undefined =
    ref.type === 'ref/prompt'
      ? prompts.find((prompt) => prompt.name === name)
      : resources.find(({ uriTemplate }) => uriTemplate === name);
  if (found) return found;
  const names = ref.type === 'ref/prompt' ? prompts.map((one) => one.name) : resources.map((one) => one.uriTemplate);
  throw new FleetError('not-found', `Nothing is called ${JSON.stringify(clip(name, 200))} here.`, {
    remedy: `There are ${names.join(', ')}.`,
  });
}
