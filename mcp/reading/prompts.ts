import type { GetPromptResult } from '@modelcontextprotocol/server';
import { FleetError } from '../../core/errors.ts';
import { clip } from '../../core/text.ts';
import { mayUse } from '../admission/may-use.ts';
import type { Caller } from '../admission/permissions.ts';
import { sameTool, withSameTools } from '../admission/same-tool.ts';
import { readingOf, type Subject } from '../admission/subject.ts';
import { mistakesIn } from '../engine/arguments/parse-arguments.ts';
import { readContext, type Surroundings } from '../engine/context.ts';
import type { Feature } from '../engine/mcp-server.ts';
import { onlyPage } from '../engine/only-page.ts';
import { nearNames } from '../shared/near-names.ts';
import type { Part, Prompt } from './define-prompt.ts';

export interface PromptsOptions extends Surroundings {
  /** Loads all built-in prompts when it is first called. */
  readonly prompts: () => Promise<readonly Prompt[]>;
}

/** `prompts/list` and `prompts/get`. */
export function createPrompts(options: PromptsOptions): Feature {
  const { prompts, config } = options;
  const usable = async (caller: Caller) => {
    const subjects = await Promise.all((await prompts()).map((prompt) => subjectOf(prompt, options)));
    return subjects.filter((subject) => mayUse(subject, caller, config));
  };
  return {
    capabilities: { prompts: {} },
    attach(requests) {
      requests.answer('prompts/list', {
        countsAgainstRateLimit: false,
        find: (params) => onlyPage('prompts/list', params),
        handle: async (_subject, { connection: { caller } }) => ({
          prompts: (await usable(caller)).map(({ prompt }) => listingOf(prompt)),
        }),
      });
      requests.answer('prompts/get', {
        find: async ({ name }) => subjectOf(found(name, await prompts()), options),
        async handle({ prompt }, { id, params: { arguments: args = {} }, connection: { caller }, signal }) {
          const log = options.log.child({ prompt: prompt.name, request: id });
          const context = await readContext({ caller, signal, log }, options);
          const parsed = prompt.arguments.safeParse(args);
          if (!parsed.success)
            throw new FleetError(
              'input',
              mistakesIn(parsed.error, args, { name: prompt.name, schema: prompt.arguments }),
            );
          const parts = await prompt.write(parsed.data, context);
          return { description: prompt.description, messages: parts.map(messageOf) };
        },
      });
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

function subjectOf(prompt: Prompt, options: PromptsOptions): Promise<Subject & { readonly prompt: Prompt }> {
  const subject = { ...readingOf(prompt.name, prompt.permission), prompt };
  return withSameTools(subject, [sameTool('prompts', prompt.name)], options);
}

function found(name: string, prompts: readonly Prompt[]): Prompt {
  const prompt = prompts.find((one) => one.name === name);
  if (prompt) return prompt;
  const names = prompts.map((one) => one.name);
  const near = nearNames(clip(name, 100), names, 1)[0];
  throw new FleetError('not-found', `There is no prompt ${JSON.stringify(clip(name, 100))}.`, {
    remedy: near ? `Did you mean ${near}?` : `The prompts are ${names.join(', ')}.`,
  });
}
