import type { TestRequest } from '../../core/conductor/calls/execution-calls.ts';
import type { WorkflowTask } from '../../core/conductor/types.ts';
import { isObject } from '../../core/json.ts';
import { type FakeReply, type FakeRequest, fakeExecution, fakeTask, type Routes } from './fake-conductor.ts';

type Json = Record<string, unknown>;

/**
 * The dry-run endpoint of a fake Conductor. It runs definitions of SIMPLE and SWITCH tasks with the answers in the
 * request, as the server does. Each execution stays until it is removed.
 */
export class DryRunServer {
  readonly executions = new Map<string, Json>();
  #made = 0;

  readonly routes: Routes = ({ method, path, body }: FakeRequest): FakeReply | undefined => {
    const [, , id = '', action = '', correlationId = ''] = path.split('/').slice(1).map(decodeURIComponent);
    if (path === '/api/workflow/test') return { body: this.#run(body as TestRequest) };
    if (action === 'correlated') {
      const all = [...this.executions.values()];
      return { body: all.filter((one) => one.correlationId === correlationId && one.workflowName === id) };
    }
    if (method === 'DELETE' && action === 'remove') {
      this.executions.delete(id);
      return { body: '' };
    }
    return undefined;
  };

  #run(request: TestRequest): Json {
    const run = new DryRun(request);
    const failure = run.steps(request.workflowDef.tasks);
    const workflowId = `dry-${++this.#made}`;
    const execution = fakeExecution({
      workflowId,
      workflowName: request.name,
      correlationId: request.correlationId,
      status: failure === undefined ? 'COMPLETED' : 'FAILED',
      reasonForIncompletion: failure ?? null,
      tasks: run.tasks,
      output: run.resolved(request.workflowDef.outputParameters ?? {}),
    });
    this.executions.set(workflowId, execution);
    return execution;
  }
}

class DryRun {
  readonly tasks: Json[] = [];
  readonly #request: TestRequest;
  readonly #known: Json;

  constructor(request: TestRequest) {
    this.#request = request;
    this.#known = { workflow: { input: request.input } };
  }

  /** Runs the tasks in order. Returns the reason if the execution fails. */
  steps(tasks: readonly WorkflowTask[]): string | undefined {
    for (const task of tasks) {
      const failure = task.type === 'SWITCH' ? this.#choose(task) : this.#attempts(task);
      if (failure !== undefined) return failure;
    }
    return undefined;
  }

  resolved(value: unknown): unknown {
    if (isObject(value)) return Object.fromEntries(Object.entries(value).map(([key, of]) => [key, this.resolved(of)]));
    const path = typeof value === 'string' ? /^\$\{(.+)\}$/.exec(value)?.[1] : undefined;
    if (path === undefined) return value;
    return path.split('.').reduce<unknown>((at, key) => (isObject(at) ? at[key] : undefined), this.#known) ?? null;
  }

  #attempts(task: WorkflowTask): string | undefined {
    const { taskReferenceName: ref } = task;
    const definition = isObject(task.taskDefinition) ? task.taskDefinition : {};
    const retries = Number(definition.retryCount ?? 0);
    const mocks = this.#request.taskRefToMockOutput[ref] ?? [];
    for (const [attempt, { status, output }] of mocks.entries()) {
      const id = this.#row(task, { status, outputData: output, retryCount: attempt });
      if (status === 'COMPLETED') {
        this.#known[ref] = { output };
        return undefined;
      }
      if (attempt >= retries || status !== 'FAILED')
        return `Task ${id} failed with status: ${status} and reason: 'null'`;
    }
    throw new Error(`The request has no answer for ${ref}.`);
  }

  #choose(task: WorkflowTask): string | undefined {
    const input = this.resolved(task.inputParameters) as Json;
    const selectedCase = String(input[String(task.expression)]);
    this.#row(task, { status: 'COMPLETED', outputData: { selectedCase, evaluationResult: [selectedCase] } });
    const cases = (task.decisionCases ?? {}) as Record<string, WorkflowTask[]>;
    return this.steps(cases[selectedCase] ?? ((task.defaultCase ?? []) as WorkflowTask[]));
  }

  #row(task: WorkflowTask, state: Json): string {
    const taskId = `task-${this.tasks.length + 1}`;
    this.tasks.push(
      fakeTask({
        taskId,
        taskType: task.type,
        taskDefName: task.name,
        referenceTaskName: task.taskReferenceName,
        inputData: this.resolved(task.inputParameters ?? {}),
        seq: this.tasks.length + 1,
        ...state,
      }),
    );
    return taskId;
  }
}
