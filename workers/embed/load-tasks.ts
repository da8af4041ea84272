import { discoverModules } from '../../core/content/discover.ts';
import { isWorker, type Worker } from '../../core/contract.ts';

/**
 * Loads every worker of a folder, one from each file. A worker with `thread: true` can only run if it was loaded this way.
 * @param folder a `file:` URL that ends in `/`, such as `new URL('./tasks/', import.meta.url)`
 * @throws FleetError `config` if the folder or a file cannot be loaded, if a file exports no worker as its default, or if it is not named
 * after its task: `charge_card` belongs in `charge-card.ts` or `charge-card.js`
 */
export async function loadTasks(folder: URL): Promise<Worker[]> {
  const found = await discoverModules(folder, isWorker, 'worker (defineTask(…).worker(…))');
  return found.map(({ value, module }) => ({ ...value, module }));
}
