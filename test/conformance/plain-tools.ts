import { setTimeout as delay } from 'node:timers/promises';
import { MissingRequiredClientCapabilityError } from '@modelcontextprotocol/server';
import { type FixtureContext, type FixtureTool, PNG, textResult, WAV } from './fixture-tool.ts';

const STEP_MS = 50;

async function log(context: FixtureContext, message: string): Promise<void> {
  await context.mcpReq.log('info', message);
}

async function progress({ mcpReq }: FixtureContext, done: number): Promise<void> {
  const progressToken = mcpReq._meta?.progressToken;
  if (progressToken === undefined) return;
  await mcpReq.notify({ method: 'notifications/progress', params: { progressToken, progress: done, total: 100 } });
}

const image = { type: 'image', data: PNG, mimeType: 'image/png' };
const resource = (uri: string, mimeType: string, text: string) => ({
  type: 'resource',
  resource: { uri, mimeType, text },
});

/** Tools that answer without a request to the client. */
export const plainTools: Readonly<Record<string, FixtureTool>> = {
  test_simple_text: {
    description: 'Answers with text.',
    call: () => textResult('This is a simple text response for testing.'),
  },
  test_image_content: { description: 'Answers with a picture.', call: () => ({ content: [image] }) },
  test_audio_content: {
    description: 'Answers with a sound.',
    call: () => ({ content: [{ type: 'audio', data: WAV, mimeType: 'audio/wav' }] }),
  },
  test_embedded_resource: {
    description: 'Answers with a resource.',
    call: () => ({
      content: [resource('test://embedded-resource', 'text/plain', 'This is an embedded resource content.')],
    }),
  },
  test_multiple_content_types: {
    description: 'Answers with text, a picture and a resource.',
    call: () => ({
      content: [
        { type: 'text', text: 'Multiple content types test:' },
        image,
        resource('test://mixed-content-resource', 'application/json', '{"test":"data","value":123}'),
      ],
    }),
  },
  test_error_handling: {
    description: 'Answers with an error.',
    call: () => ({ ...textResult('This tool intentionally returns an error for testing'), isError: true }),
  },
  test_tool_with_logging: {
    description: 'Logs while it works.',
    async call(_args, context) {
      await log(context, 'Tool execution started');
      await delay(STEP_MS);
      await log(context, 'Tool processing data');
      await delay(STEP_MS);
      await log(context, 'Tool execution completed');
      return textResult('Tool with logging executed successfully');
    },
  },
  test_logging_tool: {
    description: 'Logs once.',
    async call(_args, context) {
      await log(context, 'This reaches only clients that asked for logs');
      return textResult('Logged');
    },
  },
  test_tool_with_progress: {
    description: 'Reports its progress.',
    async call(_args, context) {
      await progress(context, 0);
      await delay(STEP_MS);
      await progress(context, 50);
      await delay(STEP_MS);
      await progress(context, 100);
      return textResult('Tool with progress executed successfully');
    },
  },
  test_reconnection: {
    description: 'Closes the stream of its own call. The client reconnects and then receives the answer.',
    async call(_args, context) {
      context.http?.closeSSE?.();
      await delay(STEP_MS);
      return textResult('Reconnection test completed');
    },
  },
  test_missing_capability: {
    description: 'Works only for a client that supports sampling.',
    call(_args, { can }) {
      if (!can.sampling) throw new MissingRequiredClientCapabilityError({ requiredCapabilities: { sampling: {} } });
      return textResult('The client supports sampling');
    },
  },
  test_trigger_tool_change: {
    description: 'Notifies the client that the list of tools changed.',
    call(_args, { changes }) {
      changes.toolsChanged();
      return textResult('Said so');
    },
  },
  test_trigger_prompt_change: {
    description: 'Notifies the client that the list of prompts changed.',
    call(_args, { changes }) {
      changes.promptsChanged();
      return textResult('Said so');
    },
  },
  json_schema_2020_12_tool: {
    description: 'Tool with JSON Schema 2020-12 features',
    inputSchema: {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      type: 'object',
      $defs: {
        address: {
          $anchor: 'addressDef',
          type: 'object',
          properties: { street: { type: 'string' }, city: { type: 'string' } },
        },
      },
      properties: {
        name: { type: 'string' },
        address: { $ref: '#/$defs/address' },
        contactMethod: { type: 'string', enum: ['phone', 'email'] },
        phone: { type: 'string' },
        email: { type: 'string' },
      },
      allOf: [{ anyOf: [{ required: ['phone'] }, { required: ['email'] }] }],
      if: { properties: { contactMethod: { const: 'phone' } }, required: ['contactMethod'] },
      // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
      then: { required: ['phone'] },
      else: { required: ['email'] },
      additionalProperties: false,
    },
    call: (args) => textResult(JSON.stringify(args)),
  },
};
