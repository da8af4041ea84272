import { isWorker, type Worker } from '../../core/contract.ts';
import { FleetError } from '../../core/errors.ts';

/** @throws FleetError `config` if these tasks cannot run together in one pool */
export function checkTasks(tasks: readonly Worker[]): void {
  if (!Array.isArray(tasks) || tasks.length === 0) {
    throw new FleetError('config', 'createWorkers was given no tasks, so its workers would have nothing to do.', {
      remedy: 'Pass at least one: tasks: [defineTask({ … }).worker(…)].',
    });
  }
  const names = new Set<string>();
  tasks.forEach((task, index) => {
    checkTask(task, index);
    if (names.has(task.name)) {
      throw new FleetError(
        'config',
        `Two tasks have the name "${task.name}". One pool serves a name with one worker.`,
        {
          remedy: 'Leave one of the two out, or give it another name.',
        },
      );
    }
    names.add(task.name);
  });
}

function checkTask(task: Worker, index: number): void {
  if (!isWorker(task)) {
    throw new FleetError('config', `tasks[${index}] is not a worker.`, {
      remedy: 'Pass what defineTask({ … }).worker(…) returns. Without .worker(…) a task has no code.',
    });
  }
  if (task.thread && task.module === undefined) {
    throw new FleetError('config', `"${task.name}" runs in a thread, and a thread must load it from its own file.`, {
      remedy: "Load the folder of the file: tasks: await loadTasks(new URL('./tasks/', import.meta.url)).",
    });
  }
}
