import { type JSONRPCRequest, type Result, Server, type ServerContext } from '@modelcontextprotocol/server';
import { type CreatedTask, isCreatedTask } from './tasks-extension.ts';

type Handler = (request: JSONRPCRequest, context: ServerContext) => Promise<Result>;

/**
 * The SDK's server, whose tool calls may also answer with a task. The SDK checks every answer of `tools/call` against the schema of tool
 * results, which a task does not match. So this server has the SDK check an empty result and then sends the task.
 */
export class TaskServer extends Server {
  /** Behind the answer that ended it: over HTTP each request has a server of its own, and its client waits for nothing else. */
  protected override _onclose(): void {
    setImmediate(() => super._onclose());
  }

  protected override _wrapHandler(method: string, handler: Handler): Handler {
    if (method !== 'tools/call') return super._wrapHandler(method, handler);
    return async (request, context) => {
      let task: CreatedTask | undefined;
      const answer = super._wrapHandler(method, async (again, next) => {
        const result = await handler(again, next);
        task = isCreatedTask(result) ? result : undefined;
        return task ? { content: [] } : result;
      });
      const result = await answer(request, context);
      return task ?? result;
    };
  }
}
