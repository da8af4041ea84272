import { type FakeReply, type FakeRequest, fakeExecution, fakeTask, type Routes } from './fake-conductor.ts';

type Json = Record<string, unknown>;

/** Makes a definition as the server stores it in an execution. */
export const storedDef = (name: string, tasks: Json[], rest: Json = {}): Json => ({
  name,
  version: 1,
  schemaVersion: 2,
  tasks,
  ...rest,
});

/** Makes a task of a definition. */
export const defTask = (taskReferenceName: string, type: string, rest: Json = {}): Json => ({
  name: taskReferenceName,
  taskReferenceName,
  type,
  inputParameters: {},
  ...rest,
});

/**
 * Stores executions for a fake server, whose tasks can be read, answered, skipped and run again. It executes no tasks: a
 * test puts each execution into the state that it needs.
 */
export class ExecutionStore {
  readonly #executions = new Map<string, Json & { tasks: Json[] }>();
  readonly #logs = new Map<string, { log: string; createdTime: number }[]>();

  /** Adds a running execution with these tasks. The id of a task is `<execution>-<reference>`. */
  add(workflowId: string, tasks: Json[], changes: Json = {}): void {
    const named = tasks.map((task, index) =>
      fakeTask({
        workflowInstanceId: workflowId,
        seq: index + 1,
        taskId: `${workflowId}-${task.referenceTaskName}`,
        ...task,
      }),
    );
    const execution = fakeExecution({ workflowId, status: 'RUNNING', output: {}, endTime: 0, ...changes });
    this.#executions.set(workflowId, { ...execution, tasks: named });
  }

  execution(workflowId: string): Json & { tasks: Json[] } {
    const found = this.#executions.get(workflowId);
    if (!found) throw new Error(`The test has not added the execution ${workflowId}. Call "add" first.`);
    return found;
  }

  /** Changes an execution, as if the server had worked on it. */
  change(workflowId: string, changes: Json): void {
    this.#executions.set(workflowId, { ...this.execution(workflowId), ...changes });
  }

  readonly routes: Routes = (request: FakeRequest) => {
    const { method, path } = request;
    const [, area = '', first = '', second = '', third = ''] = path.split('/').slice(1).map(decodeURIComponent);
    if (area === 'workflow') return this.#workflow(request, first, second, third);
    if (area === 'admin')
      return { body: this.#allTasks().filter(({ taskDefName, status }) => taskDefName === second && isOpen(status)) };
    if (area !== 'tasks') return undefined;
    if (second === 'log') return this.#log(request, first);
    if (first === 'search') return this.#searchTasks(request);
    if (method === 'POST' && first === '') return this.#update(request.body as Json);
    const task = this.#allTasks().find(({ taskId }) => taskId === first);
    return task && { body: task };
  };

  #workflow({ method, query }: FakeRequest, id: string, action: string, ref: string): FakeReply | undefined {
    if (id === 'search') {
      const conditions = (query.get('query') ?? '').split(' AND ').filter(Boolean);
      const results = [...this.#executions.values()]
        .filter((execution) => conditions.every((condition) => meets(execution, condition)))
        .map((execution) => ({
          ...execution,
          workflowType: execution.workflowName,
          startTime: undefined,
          endTime: undefined,
        }));
      return { body: { totalHits: results.length, results } };
    }
    const execution = this.#executions.get(id);
    if (!execution) return undefined;
    if (method === 'GET') {
      const tasks = query.get('includeTasks') === 'false' ? [] : execution.tasks;
      return action === '' ? { body: { ...execution, tasks } } : undefined;
    }
    if (action === 'skiptask') {
      const reached = execution.tasks.some((task) => task.referenceTaskName === ref);
      return reached ? { status: 500, body: { status: 500, message: `${ref} has been scheduled` } } : { body: '' };
    }
    if (action === 'rerun') {
      this.change(id, { status: 'RUNNING' });
      return { body: id };
    }
    return undefined;
  }

  #update(result: Json): FakeReply {
    for (const execution of this.#executions.values()) {
      const at = execution.tasks.findIndex(({ taskId }) => taskId === result.taskId);
      // The server ignores a result for an ended task, and still answers 200.
      if (at >= 0 && isOpen(execution.tasks[at]?.status)) execution.tasks[at] = { ...execution.tasks[at], ...result };
    }
    return { body: String(result.taskId) };
  }

  #log({ method, body }: FakeRequest, taskId: string): FakeReply {
    const logs = this.#logs.get(taskId) ?? [];
    if (method === 'POST') this.#logs.set(taskId, [...logs, { log: String(body), createdTime: Date.now() }]);
    return method === 'POST' ? { body: '' } : { body: logs };
  }

  #searchTasks({ query }: FakeRequest): FakeReply {
    const conditions = (query.get('query') ?? '').split(' AND ');
    const rows = this.#allTasks()
      .filter((task) => conditions.every((condition) => meets(task, condition)))
      .map(({ taskId, taskType, workflowInstanceId, workflowType, status, startTime }) => ({
        taskId,
        taskType,
        workflowId: workflowInstanceId,
        workflowType,
        status,
        startTime: new Date(Number(startTime)).toISOString(),
      }));
    return { body: { totalHits: rows.length, results: rows } };
  }

  #allTasks(): Json[] {
    return [...this.#executions.values()].flatMap(({ tasks, workflowName }) =>
      tasks.map((task): Json => ({ workflowType: workflowName, ...task })),
    );
  }
}

const isOpen = (status: unknown) => status === 'IN_PROGRESS' || status === 'SCHEDULED';

/** Checks one condition of a search query: `field=value` or `field IN (a,b)`. */
function meets(row: Json, condition: string): boolean {
  const [, field = '', , one, list] = /^(\w+)(?:(=)(.*)| IN \((.*)\))$/.exec(condition) ?? [];
  const value = String(field === 'workflowType' ? (row.workflowType ?? row.workflowName) : row[field]);
  return list === undefined ? value === one : list.split(',').includes(value);
}
