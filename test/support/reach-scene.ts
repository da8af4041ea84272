import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import type { Caller } from '../../mcp/admission/permissions.ts';
import { DefinitionStore } from './definition-store.ts';
import { ExecutionStore, storedDef } from './execution-store.ts';
import { type FakeConductor, startFakeConductor } from './fake-conductor.ts';
import { FOLLOWS_TASKS, raw } from './raw-mcp.ts';
import { type Send, serveHttp, textOf } from './raw-ways.ts';

/** A tool and its arguments. */
export type Call = [tool: string, args: Record<string, unknown>];

/** A client of a caller. `call` returns the text of a tool's answer. */
export interface ReachClient {
  readonly url: string;
  readonly send: Send;
  call(name: string, args: object): Promise<string>;
}

/** Every operation on an execution. */
export const BY_EXECUTION: Readonly<Record<string, (executionId: string) => Call>> = {
  pause: (id) => ['pause_workflow', { executionIds: [id] }],
  terminate: (id) => ['terminate_workflow', { executionIds: [id], reason: 'not needed' }],
  signal: (executionId) => ['signal_workflow', { executionId, taskRef: 'signal' }],
  skip: (executionId) => ['skip_task', { executionId, taskRef: 'later' }],
  update: (executionId) => ['update_task', { executionId, taskRef: 'work', status: 'complete', output: {} }],
  decide: (executionId) => ['decide_approval', { executionId, taskRef: 'ask', decision: 'approve', reason: 'fine' }],
};

/** A fake Conductor server with workflows and executions, and clients of limited callers. Each test begins with an empty server. */
export class ReachScene {
  fake!: FakeConductor;
  definitions = new DefinitionStore();
  executions = new ExecutionStore();
  #closing: (() => Promise<unknown>)[] = [];

  /** Registers the hooks of a test file. */
  constructor() {
    beforeAll(async () => {
      this.fake = await startFakeConductor();
    });
    afterAll(() => this.fake.close());
    beforeEach(() => this.#reset());
    afterEach(async () => {
      for (const close of this.#closing) await close();
    });
  }

  #reset(): void {
    this.#closing = [];
    this.definitions = new DefinitionStore();
    this.executions = new ExecutionStore();
    const { definitions, executions } = this;
    this.fake.routes = (request) => {
      const { method, path } = request;
      if (method === 'PUT' && /^\/api\/workflow\/[^/]+\/(pause|resume)$/.test(path)) {
        executions.change(path.split('/')[3] ?? '', { status: path.endsWith('pause') ? 'PAUSED' : 'RUNNING' });
        return { body: '' };
      }
      if (method === 'DELETE' && /^\/api\/workflow\/[^/]+$/.test(path)) {
        executions.change(path.split('/')[3] ?? '', { status: 'TERMINATED' });
        return { body: '' };
      }
      if (path.includes('/correlated/')) return { body: [] };
      return executions.routes(request) ?? definitions.routes(request);
    };
  }

  /** Registers workflows with a task for a worker. */
  store(...names: string[]): void {
    for (const name of names) {
      const def = storedDef(name, [{ name: 'work', taskReferenceName: 'work', type: 'SIMPLE' }]);
      this.definitions.workflows.set(`${name} 1`, { ...def, updateTime: 1 });
    }
  }

  /** Adds a running execution of a workflow, which waits for a person, a signal and a worker. */
  run(id: string, name: string, more: Record<string, unknown> = {}): void {
    const open = (referenceTaskName: string, taskType: string) => ({
      ...{ referenceTaskName, taskType, taskDefName: taskType, workflowType: name },
      ...{ status: 'IN_PROGRESS', outputData: {} },
    });
    const workflowDefinition = storedDef(name, [
      { name: 'ask', taskReferenceName: 'ask', type: 'HUMAN' },
      { name: 'signal', taskReferenceName: 'signal', type: 'WAIT' },
      { name: 'work', taskReferenceName: 'work', type: 'SIMPLE' },
      { name: 'later', taskReferenceName: 'later', type: 'SIMPLE' },
    ]);
    const tasks = [open('ask', 'HUMAN'), open('signal', 'WAIT'), open('work', 'work')];
    this.executions.add(id, tasks, { workflowName: name, workflowDefinition, ...more });
  }

  async openFor(caller: Caller, env: Record<string, string> = {}): Promise<ReachClient> {
    const { url, close } = await serveHttp(this.fake.url, env, caller);
    this.atEnd(close);
    const send: Send = (method, params) => raw(url, method, params, method.startsWith('tools/') ? {} : FOLLOWS_TASKS);
    return { url, send, call: async (name, args) => textOf(await send('tools/call', { name, arguments: args })) };
  }

  atEnd(close: () => Promise<unknown>): void {
    this.#closing.push(close);
  }

  /** What a piece of work changed at the server. Locks are not counted. */
  async changesOf(work: Promise<unknown>): Promise<string[]> {
    const before = this.fake.requests.length;
    await work;
    return this.fake.requests
      .slice(before)
      .filter(({ method, path, body }) => {
        const isLock = JSON.stringify([path, body ?? '']).includes('_lock_');
        return method !== 'GET' && !path.endsWith('/validate') && !isLock;
      })
      .map(({ method, path }) => `${method} ${path}`);
  }
}
