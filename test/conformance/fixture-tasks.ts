import { randomUUID } from 'node:crypto';
import type { CallToolResult, InputRequests } from '@modelcontextprotocol/server';
import { readingOf, type Subject } from '../../mcp/admission/subject.ts';
import type { Watcher } from '../../mcp/subscriptions/change-bus.ts';
import type { TaskMethod, Tasks } from '../../mcp/tasks/task-methods.ts';
import { taskAt } from '../../mcp/tasks/task-subscriptions.ts';
import { type CreatedTask, completedTask, createdTask, type DetailedTask } from '../../mcp/tasks/tasks-extension.ts';

const LOOK_EVERY_MS = 200;

/** How a job ends. */
type End =
  | { readonly result: CallToolResult }
  | { readonly error: { readonly code: number; readonly message: string } };

/** The behaviour of a job: how long it runs, what it asks the client, how it ends. */
export interface Job {
  readonly seconds: number;
  readonly questions?: InputRequests;
  readonly end: End;
}

interface Kept extends Job {
  readonly createdAt: number;
  cancelled: boolean;
  questions: InputRequests;
}

/** Keeps the fixture's tasks in memory. In the product, a task is an execution on the Conductor server. */
export class FixtureTasks implements Tasks, Watcher {
  readonly #jobs = new Map<string, Kept>();

  /** Starts a job, and returns the answer to the tool call that requested it. */
  start(job: Job): CreatedTask {
    const taskId = randomUUID();
    this.#jobs.set(taskId, { ...job, questions: { ...job.questions }, createdAt: Date.now(), cancelled: false });
    return createdTask(this.#show(taskId));
  }

  async subjectOf(method: TaskMethod): Promise<Subject> {
    return readingOf(method, 'none');
  }

  /** Announces a job's changes of status to its subscribers. */
  watch(uri: string, changed: () => void): (() => void) | undefined {
    const job = taskAt(uri);
    if (!job) return undefined;
    const statusOf = () => (this.#jobs.has(job.taskId) ? this.#show(job.taskId).status : undefined);
    let seen = statusOf();
    const timer = setInterval(() => {
      const status = statusOf();
      if (status !== seen) changed();
      seen = status;
    }, LOOK_EVERY_MS);
    return () => clearInterval(timer);
  }

  async get(taskId: string): Promise<DetailedTask | undefined> {
    return this.#jobs.has(taskId) ? this.#show(taskId) : undefined;
  }

  async update(taskId: string, responses: Record<string, unknown>): Promise<boolean> {
    const job = this.#jobs.get(taskId);
    if (!job) return false;
    const open = Object.entries(job.questions).filter(([key]) => !(key in responses));
    job.questions = Object.fromEntries(open);
    return true;
  }

  async cancel(taskId: string): Promise<boolean> {
    const job = this.#jobs.get(taskId);
    if (job && !hasEnded(job)) job.cancelled = true;
    return job !== undefined;
  }

  #show(taskId: string): DetailedTask {
    const job = this.#jobs.get(taskId);
    if (!job) throw new Error(`There is no job ${taskId}.`);
    const at = new Date(job.createdAt).toISOString();
    const base = { taskId, createdAt: at, lastUpdatedAt: at, ttlMs: 600_000, pollIntervalMs: 100 };
    if (job.cancelled) return { ...base, status: 'cancelled' };
    if (Object.keys(job.questions).length > 0) {
      return { ...base, status: 'input_required', inputRequests: job.questions };
    }
    const working = { ...base, status: 'working' as const };
    if (!hasEnded(job)) return working;
    return 'result' in job.end ? completedTask(working, job.end.result) : { ...base, status: 'failed', ...job.end };
  }
}

function hasEnded(job: Kept): boolean {
  return Object.keys(job.questions).length === 0 && Date.now() >= job.createdAt + job.seconds * 1000;
}
