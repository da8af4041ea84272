import type { TaskResult } from '../../core/conductor/types.ts';
import { pause } from '../../core/pause.ts';

/** Properties that a test may set for a task besides its type and its input. */
export interface NewTask {
  domain?: string;
  /** Default 1, the first attempt. */
  attempt?: number;
  taskReferenceName?: string;
  workflowId?: string;
  /** As in the task definition. */
  timeoutSeconds?: number;
  responseTimeoutSeconds?: number;
}

interface FakeTask {
  /** As the server shows it. */
  shown: Record<string, unknown> & { taskId: string; status: string; pollCount: number };
  queue: string;
  logs: string[];
  result: PromiseWithResolvers<TaskResult>;
}

interface Poll {
  count: number;
  timeoutMs: number;
  workerId: string;
  /** Aborted when the connection of the poll is closed. */
  signal: AbortSignal;
}

/** Longest wait of a poll. It is shorter than on the real server, because a stopping fleet waits for polls under way. */
const LONGEST_POLL_MS = 200;

/** The tasks of a fake server, and their queues, named `<domain>:<type>`. */
export class FakeTasks {
  readonly results: TaskResult[] = [];
  readonly updates: TaskResult[] = [];
  readonly #tasks = new Map<string, FakeTask>();
  readonly #queues = new Map<string, string[]>();
  readonly #polled = new Map<string, { workerId: string; lastPollTime: number }>();
  #arrival = Promise.withResolvers<void>();
  #polling = 0;

  enqueue(type: string, input: Record<string, unknown>, task: NewTask = {}): string {
    const taskId = `task-${this.#tasks.size + 1}`;
    const { domain = '', attempt = 1, taskReferenceName = type, timeoutSeconds = 0, ...rest } = task;
    const shown = {
      taskId,
      taskType: type,
      taskDefName: type,
      referenceTaskName: taskReferenceName,
      workflowInstanceId: rest.workflowId ?? 'workflow-1',
      status: 'SCHEDULED',
      inputData: input,
      outputData: {},
      retryCount: attempt - 1,
      pollCount: 0,
      scheduledTime: Date.now(),
      responseTimeoutSeconds: rest.responseTimeoutSeconds ?? 0,
      ...(timeoutSeconds > 0 && { taskDefinition: { timeoutSeconds } }),
    };
    const queue = `${domain}:${type}`;
    this.#tasks.set(taskId, { shown, queue, logs: [], result: Promise.withResolvers() });
    this.#wait(queue, taskId);
    return taskId;
  }

  /** How many polls wait for a task. */
  polling(): number {
    return this.#polling;
  }

  async poll(queue: string, poll: Poll): Promise<object[]> {
    this.#polled.set(queue, { workerId: poll.workerId, lastPollTime: Date.now() });
    this.#polling += 1;
    try {
      return await this.#poll(queue, poll);
    } finally {
      this.#polling -= 1;
    }
  }

  /** Applies an update. Returns false if the task does not exist. */
  update(update: TaskResult): boolean {
    const task = this.#tasks.get(update.taskId);
    this.updates.push(update);
    if (task?.shown.status !== 'IN_PROGRESS') return task !== undefined;
    task.logs.push(...(update.logs ?? []).map(({ log }) => log));
    if (update.outputData) task.shown.outputData = update.outputData;
    if (update.status === 'IN_PROGRESS') {
      if (update.callbackAfterSeconds !== 0) return true;
      task.shown.status = 'SCHEDULED';
      this.#wait(task.queue, update.taskId);
      return true;
    }
    task.shown.status = update.status;
    task.shown.reasonForIncompletion = update.reasonForIncompletion;
    this.results.push(update);
    task.result.resolve(update);
    return true;
  }

  result(taskId: string): Promise<TaskResult> {
    return this.#named(taskId).result.promise;
  }

  shown(taskId: string): object | undefined {
    return this.#tasks.get(taskId)?.shown;
  }

  running(): number {
    return [...this.#tasks.values()].filter(({ shown }) => shown.status === 'IN_PROGRESS').length;
  }

  logs(taskId: string): readonly string[] {
    return this.#named(taskId).logs;
  }

  addLog(taskId: string, line: string): void {
    this.#tasks.get(taskId)?.logs.push(line);
  }

  cancel(taskId: string): void {
    const { shown, queue } = this.#named(taskId);
    shown.status = 'CANCELED';
    const waiting = this.#queues.get(queue) ?? [];
    this.#queues.set(
      queue,
      waiting.filter((id) => id !== taskId),
    );
  }

  /** The sizes of queues, by the server's names: `type`, or `domain:type`. */
  sizes(names: readonly string[]): Record<string, number> {
    const queue = (name: string) => (name.includes(':') ? name : `:${name}`);
    return Object.fromEntries(names.map((name) => [name, this.#queues.get(queue(name))?.length ?? 0]));
  }

  pollData(): object[] {
    return [...this.#polled].map(([queue, polled]) => {
      const [domain = '', queueName = ''] = queue.split(':');
      return { queueName, domain: domain || null, ...polled };
    });
  }

  async #poll(queue: string, { count, timeoutMs, workerId, signal }: Poll): Promise<object[]> {
    const until = performance.now() + Math.min(timeoutMs, LONGEST_POLL_MS);
    for (;;) {
      const waiting = this.#queues.get(queue) ?? [];
      const left = until - performance.now();
      if (signal.aborted) return [];
      if (waiting.length > 0 || left <= 0) return waiting.splice(0, count).map((id) => this.#taken(id, workerId));
      const over = new AbortController();
      await Promise.race([this.#arrival.promise, pause(left, AbortSignal.any([signal, over.signal]))]);
      over.abort();
    }
  }

  #wait(queue: string, taskId: string): void {
    this.#queues.set(queue, [...(this.#queues.get(queue) ?? []), taskId]);
    this.#arrival.resolve();
    this.#arrival = Promise.withResolvers();
  }

  #taken(taskId: string, workerId: string): object {
    const { shown } = this.#named(taskId);
    Object.assign(shown, { status: 'IN_PROGRESS', pollCount: shown.pollCount + 1, startTime: Date.now(), workerId });
    return shown;
  }

  #named(taskId: string): FakeTask {
    const task = this.#tasks.get(taskId);
    if (!task) throw new Error(`There is no task ${taskId}.`);
    return task;
  }
}
