import type { GetPromptResult } from '@modelcontextprotocol/server';
import { FleetError } from '../../core/errors.ts';
import { clip } from '../../core/text.ts';
import { mistakesIn } from '../engine/arguments.ts';
import type { Surroundings } from '../engine/context.ts';
import type { Feature } from '../engine/mcp-server.ts';
import { isAllowed } from '../engine/permissions.ts';
import { nearNames } from '../shared/near-names.ts';
import type { Part, Prompt } from './define-prompt.ts';
import { createAnswer } from './request.ts';

export interface PromptsOptions extends Surroundings {
  /** Asked at the first request for them. */
  readonly prompts: () => Promise<readonly Prompt[]>;
}

/** `prompts/list` and `prompts/get`. */
export function createPrompts(options: PromptsOptions): Feature {
  const { prompts } = options;
  const answer = createAnswer(options);
  return {
    capabilities: { prompts: {} },
    attach(server, { caller }) {
      server.setRequestHandler('prompts/list', async () => ({
        prompts: (await prompts()).filter(({ permission }) => isAllowed(caller, permission)).map(listingOf),
      }));
      server.setRequestHandler('prompts/get', ({ params: { name, arguments: args = {} } }, { mcpReq: { signal } }) =>
        answer(
          { method: 'prompts/get', caller, signal },
          async () => find(name, await prompts()),
          async (prompt, context): Promise<GetPromptResult> => {
            const parsed = prompt.arguments.safeParse(args);
            if (!parsed.success)
              throw new FleetError(
                'input',
                mistakesIn(parsed.error, args, { name: prompt.name, schema: prompt.arguments }),
              );
            const parts = await prompt.write(parsed.data, context);
            return { description: prompt.description, messages: parts.map(messageOf) };
          },
        ),
      );
    },
  };
}

function listingOf({ name, title, description, arguments: schema }: Prompt) {
  const args = Object.entries(schema.shape).map(([key, field]) => ({
    name: key,
    description: field.description ?? '',
    required: !field.safeParse(undefined).success,
  }));
  return { name, title, description, arguments: args };
}

function messageOf(part: Part): GetPromptResult['messages'][number] {
  if ('text' in part) return { role: 'user', content: { type: 'text', text: part.text } };
  return { role: 'user', content: { type: 'resource', resource: { ...part.resource } } };
}

function find(name: string, prompts: readonly Prompt[]): Prompt {
  const found = prompts.find((prompt) => prompt.name === name);
  if (found) return found;
  const names = prompts.map((prompt) => prompt.name);
  const near = nearNames(clip(name, 100), names, 1)[0];
  throw new FleetError('not-found', `There is no prompt ${JSON.stringify(clip(name, 100))}.`, {
    remedy: near ? `Did you mean ${near}?` : `The prompts are ${names.join(', ')}.`,
  });
}
