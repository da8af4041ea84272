import { type FakeReply, type FakeRequest, fakeExecution, type Routes } from './fake-conductor.ts';

type Json = Record<string, unknown>;
type Kind = 'tasks' | 'workflows' | 'schedules' | 'eventHandlers';

/** Stores definitions for a fake server. The key of a workflow is its name and version. */
export class DefinitionStore {
  readonly tasks = new Map<string, Json>();
  readonly workflows = new Map<string, Json>();
  readonly schedules = new Map<string, Json>();
  readonly eventHandlers = new Map<string, Json>();
  /** Ids of the running executions of each workflow. The key is its name and version, for example `Orders 1`. */
  readonly running = new Map<string, string[]>();
  /** Past firings of the schedules, in the form of the server's search results. */
  firings: Json[] = [];
  #clock = 1_700_000_000_000;

  /** Routes for a fake Conductor that read and write this store as the server does. */
  readonly routes: Routes = ({ method, path, query, body }: FakeRequest) => {
    const [, area, ...rest] = path.split('/').slice(1).map(decodeURIComponent);
    if (area === 'metadata' && rest[0] === 'taskdefs') return this.#task(method, rest[1], body);
    if (area === 'metadata' && rest[0] === 'workflow') return this.#workflow(method, rest.slice(1), query, body);
    if (area === 'event') return this.#named('eventHandlers', method, rest[0], body);
    if (area === 'scheduler' && rest[0] === 'search') return { body: { results: this.firings } };
    if (area === 'scheduler' && rest[0] === 'nextFewSchedules') return this.#firings(query.get('cronExpression'));
    if (area === 'scheduler' && rest[0] === 'schedules') return this.#schedule(method, rest.slice(1), body);
    if (area === 'workflow' && rest[0] === 'running') return { body: this.#runningOf(rest[1] ?? '') };
    if (area === 'workflow' && method === 'GET' && rest.length === 1) return this.#execution(rest[0] ?? '');
    return undefined;
  };

  /** The ids of all versions: the real server ignores the version that the client names. */
  #runningOf(name: string): string[] {
    return [...this.running].flatMap(([key, ids]) => (key.startsWith(`${name} `) ? ids : []));
  }

  #execution(workflowId: string): FakeReply | undefined {
    const [key = ''] = [...this.running].find(([, ids]) => ids.includes(workflowId)) ?? [];
    const [workflowName, version] = key.split(' ');
    if (!workflowName) return undefined;
    return {
      body: fakeExecution({ workflowId, workflowName, workflowVersion: Number(version), status: 'RUNNING', tasks: [] }),
    };
  }

  /** Returns the workflow names with their versions, in alphabetical order. */
  names(): string[] {
    return [...this.workflows.keys()].sort();
  }

  #task(method: string, name: string | undefined, body: unknown): FakeReply {
    if (method !== 'POST') return this.#named('tasks', method, name, body);
    for (const def of body as Json[]) this.tasks.set(String(def.name), def);
    return { body: '' };
  }

  #workflow(method: string, [name, version]: string[], query: URLSearchParams, body: unknown): FakeReply {
    if (method === 'POST' && name === 'validate') return { body: '' };
    if (method === 'POST') return this.#create(body as Json);
    if (method === 'PUT') {
      for (const def of body as Json[]) this.#put(def);
      return { body: { bulkSuccessfulResults: (body as Json[]).map((def) => def.name), bulkErrorResults: {} } };
    }
    if (method === 'DELETE') {
      return this.workflows.delete(`${name} ${version}`) ? { body: '' } : { status: 500, body: { message: 'none' } };
    }
    if (name === undefined) return { body: [...this.workflows.values()] };
    if (name === 'names') return { body: [...new Set([...this.workflows.values()].map((def) => def.name))] };
    if (name === 'names-and-versions') {
      return { body: Object.groupBy([...this.workflows.values()], (def) => String(def.name)) };
    }
    const asked = query.get('version');
    const found = [...this.workflows.values()]
      .filter((def) => def.name === name && (asked === null || String(def.version) === asked))
      .sort((a, b) => Number(b.version) - Number(a.version))[0];
    return found ? { body: found } : missing(name);
  }

  #create(def: Json): FakeReply {
    if (this.workflows.has(keyOf(def))) {
      return { status: 409, body: { status: 409, message: `Workflow ${keyOf(def)} already exists!` } };
    }
    this.#put(def);
    return { body: '' };
  }

  #put(def: Json): void {
    this.#clock++;
    this.workflows.set(keyOf(def), { ...def, updateTime: this.#clock });
  }

  #schedule(method: string, [name, action]: string[], body: unknown): FakeReply {
    if (method === 'POST') {
      this.schedules.set(String((body as Json).name), body as Json);
      return { body };
    }
    if (method !== 'PUT') return this.#named('schedules', method, name, body);
    const schedule = this.schedules.get(String(name));
    if (!schedule) return missing(String(name));
    this.schedules.set(String(name), { ...schedule, paused: action === 'pause' });
    return { body: '' };
  }

  /** Answers with three firings, one each second. An expression with the number 99 is refused as invalid. */
  #firings(cron: string | null): FakeReply {
    if (cron?.includes('99')) return { status: 400, body: { status: 400, message: `Invalid cron: ${cron}` } };
    return { body: [1000, 2000, 3000].map((ms) => this.#clock + ms) };
  }

  /** Lists, reads, stores or deletes definitions whose key is only their name. */
  #named(kind: Kind, method: string, name: string | undefined, body: unknown): FakeReply {
    const all = this[kind];
    if (method === 'POST' || method === 'PUT') {
      all.set(String((body as Json).name), body as Json);
      return { body: '' };
    }
    if (name === undefined) return { body: [...all.values()] };
    const found = all.get(name);
    if (!found) return missing(name);
    if (method === 'DELETE') all.delete(name);
    return { body: method === 'DELETE' ? '' : found };
  }
}

const keyOf = ({ name, version }: Json) => `${name} ${version}`;

function missing(name: string): FakeReply {
  return { status: 404, body: { status: 404, message: `No such thing: ${name}`, retryable: false } };
}
