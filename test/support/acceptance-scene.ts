import { existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FaultyConductor } from './faulty-conductor.ts';
import type { NewTask, ServerTask } from './faulty-conductor-queues.ts';
import { WorkerCommand, type WorkerOptions } from './worker-command.ts';

/** A line that a handler of `acceptance-tasks/` wrote to the journal while it ran. */
export interface Note {
  readonly at: number;
  readonly event: 'start' | 'end' | 'aborted' | 'failed';
  readonly label: string;
  readonly taskId: string;
  readonly pid: number;
  readonly reason?: string;
}

type StartOptions = Partial<Omit<WorkerOptions, 'dataDir'>>;

/** A server, a folder and worker processes for one test. */
export class Scene {
  readonly conductor: FaultyConductor;
  readonly folder = mkdtempSync(join(tmpdir(), 'acceptance-'));
  readonly dataDir = join(this.folder, 'data');
  readonly journal = join(this.folder, 'journal.ndjson');
  readonly workers: WorkerCommand[] = [];

  constructor(conductor: FaultyConductor) {
    this.conductor = conductor;
    mkdirSync(this.dataDir);
  }

  /** Starts a worker process that polls the server. `close` kills it. */
  readonly start = async (options: StartOptions & { dataDir?: string } = {}): Promise<WorkerCommand> => {
    const worker = await WorkerCommand.start({ conductorUrl: this.conductor.url, dataDir: this.dataDir, ...options });
    this.workers.push(worker);
    await worker.ready();
    return worker;
  };

  /** Queues a task of `acceptance-tasks/` whose handler writes to this test's journal. */
  readonly give = (type: string, input: Record<string, unknown> = {}, task: NewTask = {}): ServerTask =>
    this.conductor.enqueue(type, { ...task, input: { ...this.inputs(), ...input } });

  /** The part of the input that is the same for all handlers of `acceptance-tasks/` in this test. */
  readonly inputs = () => ({ journal: this.journal, release: join(this.folder, 'released') });

  /** Lets the waiting handlers of this test continue. */
  readonly release = (): void => writeFileSync(this.inputs().release, '');

  readonly notes = (event?: Note['event'], { taskId, label }: { taskId?: string; label?: string } = {}): Note[] => {
    if (!existsSync(this.journal)) return [];
    const complete = readFileSync(this.journal, 'utf8').split('\n').slice(0, -1);
    return complete
      .map((line) => JSON.parse(line) as Note)
      .filter((note) => event === undefined || note.event === event)
      .filter(
        (note) => (taskId === undefined || note.taskId === taskId) && (label === undefined || note.label === label),
      );
  };

  /** The largest number of handlers that ran at the same time in one process. */
  readonly mostAtOnce = (): number => {
    const running = new Map<number, number>();
    let most = 0;
    for (const { event, pid } of this.notes()) {
      if (event === 'aborted') continue;
      const now = (running.get(pid) ?? 0) + (event === 'start' ? 1 : -1);
      running.set(pid, now);
      most = Math.max(most, now);
    }
    return most;
  };

  /** The text of all files in the spools of this test's processes. */
  readonly spooled = (): string => {
    const files = globSync('spool/**/*', { cwd: this.dataDir, withFileTypes: true }).filter((entry) => entry.isFile());
    return files.map(({ parentPath, name }) => readFileSync(join(parentPath, name), 'utf8')).join('\n');
  };

  async close(): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.kill()));
    await this.conductor.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

const TAIL = 2500;

/** Gives a test body its own scene. If the test fails, its error shows the last output of the worker processes. */
export function scene(body: (scene: Scene) => Promise<void>): () => Promise<void> {
  return async () => {
    const own = new Scene(await FaultyConductor.start());
    try {
      await body(own);
    } catch (error) {
      const said = own.workers.map(({ output, child }) => `[${child.pid}] …${output.slice(-TAIL)}`).join('\n');
      if (error instanceof Error) {
        const value = `${error.message}\nThe worker processes said:\n${said}`;
        Object.defineProperty(error, 'message', { value }); // because the message of a DOMException cannot be assigned
      }
      throw error;
    } finally {
      await own.close();
    }
  };
}
