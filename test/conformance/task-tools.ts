import { setTimeout as delay } from 'node:timers/promises';
import { inputRequired, inputResponse, ProtocolErrorCode } from '@modelcontextprotocol/server';
import { z } from 'zod';
import { followsTasks, tasksRequired } from '../../mcp/tasks/tasks-extension.ts';
import { form } from './client-request-tools.ts';
import type { Job } from './fixture-tasks.ts';
import { type FixtureContext, type FixtureTool, textResult } from './fixture-tool.ts';

const work = z.object({ seconds: z.number().min(0).default(0), label: z.string().default('') });
const result = (text: string, isError = false) => ({
  result: { content: [{ type: 'text' as const, text }], ...(isError && { isError }) },
});

function start({ can, tasks }: FixtureContext, job: Job) {
  if (!followsTasks(can)) throw tasksRequired();
  return tasks.start(job);
}

/** Tools that test the tasks extension. */
export const taskTools: Readonly<Record<string, FixtureTool>> = {
  greet: {
    description: 'Never becomes a task.',
    inputSchema: { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] },
    call: ({ name }) => textResult(`Hello, ${name}!`),
  },
  slow_compute: {
    description: 'Starts a task if it takes time and the client supports tasks. Otherwise it answers directly.',
    inputSchema: { type: 'object', properties: { seconds: { type: 'number' }, label: { type: 'string' } } },
    async call(args, context) {
      const { seconds, label } = work.parse(args);
      const done = `Computed ${label}`;
      if (seconds > 0 && followsTasks(context.can)) return start(context, { seconds, end: result(done) });
      await delay(seconds * 1000);
      return textResult(done);
    },
  },
  failing_job: {
    description: 'Starts a task that ends with a tool error.',
    call: (_args, context) => start(context, { seconds: 1, end: result('The job failed', true) }),
  },
  protocol_error_job: {
    description: 'Starts a task that ends with a protocol error.',
    call: (_args, context) =>
      start(context, { seconds: 0, end: { error: { code: ProtocolErrorCode.InternalError, message: 'Broken' } } }),
  },
  confirm_delete: {
    description: 'Starts a task that asks the person at the client before it continues.',
    inputSchema: { type: 'object', properties: { filename: { type: 'string' } }, required: ['filename'] },
    call: ({ filename }, context) =>
      start(context, {
        seconds: 0,
        questions: { confirm: form(`Delete ${filename}?`, { confirm: { type: 'boolean' } }) },
        end: result(`Deleted ${filename}`),
      }),
  },
  multi_input: {
    description: 'Starts a task that asks two questions at once.',
    call: (_args, context) =>
      start(context, {
        seconds: 0,
        questions: {
          first: form('First name?', { name: { type: 'string' } }),
          second: form('Second name?', { name: { type: 'string' } }),
        },
        end: result('Both are known'),
      }),
  },
  test_tool_with_task: {
    description: 'Asks a question first, and starts a task after the answer.',
    call(_args, context) {
      const view = inputResponse(context.mcpReq.inputResponses, 'user_name');
      if (view.kind === 'elicit') {
        return start(context, { seconds: 0, end: result(`Worked for ${view.content?.name}`) });
      }
      if (!followsTasks(context.can)) throw tasksRequired();
      return inputRequired({
        inputRequests: { user_name: form('What is your name?', { name: { type: 'string' } }) },
      });
    },
  },
};
