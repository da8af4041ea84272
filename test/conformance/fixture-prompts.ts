import {
  type GetPromptResult,
  type InputRequiredResult,
  inputRequired,
  inputResponse,
  ProtocolError,
  ProtocolErrorCode,
  type ServerContext,
} from '@modelcontextprotocol/server';
import { readingOf } from '../../mcp/admission/subject.ts';
import type { Feature } from '../../mcp/engine/mcp-server.ts';
import { form } from './client-request-tools.ts';
import { PNG } from './fixture-tool.ts';

type Content = GetPromptResult['messages'][number]['content'];

const messages = (...contents: Content[]): GetPromptResult => ({
  messages: contents.map((content) => ({ role: 'user', content })),
});
const text = (value: string): Content => ({ type: 'text', text: value });
const required = (name: string, description: string) => ({ name, description, required: true });

interface FixturePrompt {
  readonly description: string;
  readonly arguments?: ReturnType<typeof required>[];
  get(args: Record<string, string>, context: ServerContext): GetPromptResult | InputRequiredResult;
}

const prompts: Readonly<Record<string, FixturePrompt>> = {
  test_simple_prompt: {
    description: 'Text',
    get: () => messages(text('This is a simple prompt for testing.')),
  },
  test_prompt_with_arguments: {
    description: 'Text with arguments',
    arguments: [required('arg1', 'First test argument'), required('arg2', 'Second test argument')],
    get: ({ arg1, arg2 }) => messages(text(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`)),
  },
  test_prompt_with_embedded_resource: {
    description: 'A resource and text',
    arguments: [required('resourceUri', 'The resource to embed')],
    get: ({ resourceUri = '' }) =>
      messages(
        {
          type: 'resource',
          resource: { uri: resourceUri, mimeType: 'text/plain', text: 'Embedded resource content for testing.' },
        },
        text('Please process the embedded resource above.'),
      ),
  },
  test_prompt_with_image: {
    description: 'A picture and text',
    get: () => messages({ type: 'image', data: PNG, mimeType: 'image/png' }, text('Please analyze the image above.')),
  },
  test_input_required_result_prompt: {
    description: 'Asks for its context',
    get(_args, { mcpReq }) {
      const view = inputResponse(mcpReq.inputResponses, 'user_context');
      if (view.kind === 'elicit') return messages(text(`Context: ${view.content?.context}`));
      const ask = form('What context should the prompt use?', { context: { type: 'string' } });
      return inputRequired({ inputRequests: { user_context: ask } });
    },
  },
};

const listed = Object.entries(prompts).map(([name, { description, arguments: args }]) => ({
  name,
  description,
  ...(args && { arguments: args }),
}));

/** The prompts of the fixture, and completions for their arguments. */
export const fixturePrompts: Feature = {
  capabilities: { prompts: { listChanged: true }, completions: {} },
  attach(requests) {
    requests.answer('prompts/list', {
      find: () => readingOf('prompts/list', 'none'),
      handle: () => ({ prompts: listed }),
    });
    requests.answer('prompts/get', {
      find({ name }) {
        const prompt = Object.hasOwn(prompts, name) ? prompts[name] : undefined;
        if (!prompt) throw new ProtocolError(ProtocolErrorCode.InvalidParams, `There is no prompt ${name}.`);
        return { ...readingOf(name, 'none'), prompt };
      },
      handle: ({ prompt }, { params, context }) => prompt.get(params.arguments ?? {}, context),
    });
    requests.answer('completion/complete', {
      find: () => readingOf('completion/complete', 'none'),
      handle(_subject, { params }) {
        const values = ['testValue1', 'testValue2'].filter((value) => value.startsWith(params.argument.value));
        return { completion: { values, total: values.length, hasMore: false } };
      },
    });
  },
};
