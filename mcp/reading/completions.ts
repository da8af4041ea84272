import type { CompleteResult } from '@modelcontextprotocol/server';
import { FleetError } from '../../core/errors.ts';
import { clip } from '../../core/text.ts';
import { sameTool, withSameTools } from '../admission/same-tool.ts';
import { readingOf, type Subject } from '../admission/subject.ts';
import { readContext, type Surroundings } from '../engine/context.ts';
import type { Feature } from '../engine/mcp-server.ts';
import { type Completer, TOOL_OF_COMPLETER } from './completers.ts';
import type { Prompt } from './define-prompt.ts';
import type { Resource } from './define-resource.ts';

/** The protocol allows at most this many values in one answer. */
const MOST_VALUES = 100;

export interface CompletionsOptions extends Surroundings {
  readonly resources: () => Promise<readonly Resource[]>;
  readonly prompts: () => Promise<readonly Prompt[]>;
}

type Ref = { type: 'ref/prompt'; name: string } | { type: 'ref/resource'; uri: string };

/** The resource or prompt whose argument is completed. */
interface Completed extends Subject {
  /** Undefined if the argument has no completions. */
  readonly completer: Completer | undefined;
}

/** `completion/complete` for the parameters of resources and the arguments of prompts. */
export function createCompletions(options: CompletionsOptions): Feature {
  return {
    capabilities: { completions: {} },
    attach(requests) {
      requests.answer('completion/complete', {
        find: ({ ref, argument }) => find(ref, argument.name, options),
        async handle({ completer }, { id, params, connection: { caller }, signal }) {
          const { argument, context: given } = params;
          const log = options.log.child({ method: 'completion/complete', request: id });
          if (!completer) return { completion: matching([], argument.value) };
          const context = await readContext({ caller, signal, log }, options);
          return { completion: matching(await completer(given?.arguments ?? {}, context), argument.value) };
        },
      });
    },
  };
}

/** The values that start with the typed text, then the values that contain this text. Both groups keep their order. */
function matching(all: readonly string[], typed: string): CompleteResult['completion'] {
  const wanted = typed.toLowerCase();
  const placed = all.map((value) => ({ value, at: value.toLowerCase().indexOf(wanted) }));
  const values = [...placed.filter(({ at }) => at === 0), ...placed.filter(({ at }) => at > 0)].map(
    ({ value }) => value,
  );
  return { values: values.slice(0, MOST_VALUES), total: values.length, hasMore: values.length > MOST_VALUES };
}

async function find(ref: Ref, argument: string, options: CompletionsOptions): Promise<Completed> {
  const [resources, prompts] = await Promise.all([options.resources(), options.prompts()]);
  const name = ref.type === 'ref/prompt' ? ref.name : ref.uri;
  const found: Resource | Prompt | undefined =
    ref.type === 'ref/prompt'
      ? prompts.find((prompt) => prompt.name === name)
      : resources.find(({ uriTemplate }) => uriTemplate === name);
  if (found) {
    const { complete = {} } = found;
    const completer: Completer | undefined = Object.hasOwn(complete, argument) ? complete[argument] : undefined;
    const subject = { ...readingOf(found.name, found.permission), completer };
    const kind = ref.type === 'ref/prompt' ? 'prompts' : 'resources';
    const same = [sameTool(kind, found.name), completer && TOOL_OF_COMPLETER.get(completer)];
    return withSameTools(subject, same, options);
  }
  const names = ref.type === 'ref/prompt' ? prompts.map((one) => one.name) : resources.map((one) => one.uriTemplate);
  const what = ref.type === 'ref/prompt' ? 'prompt' : 'resource template';
  throw new FleetError('not-found', `There is no ${what} ${JSON.stringify(clip(name, 200))}.`, {
    remedy: `The ${what}s are ${names.join(', ')}.`,
  });
}
