/**
 * Records the data that the analysis reads about each trouble on a real server. The unit tests use the recordings.
 * Usage: `node test/support/troubles/record.ts <address of the API> [trouble …]`. Without names it records every trouble again.
 */
import { writeFileSync } from 'node:fs';
import { type Conductor, createConductor } from '../../../core/conductor/api.ts';
import { createCaller } from '../../../core/conductor/connection/caller.ts';
import { loadConfig } from '../../../core/config.ts';
import { startShop } from '../../../examples/shop/start-shop.ts';
import { type Reads, readFacts } from '../../../mcp/analysis/facts.ts';
import { endedTroubles } from './ended-troubles.ts';
import { openTroubles } from './open-troubles.ts';
import { type Recorded, readRecorded } from './recorded.ts';
import { stage } from './scene.ts';

const [address = '', ...names] = process.argv.slice(2);
const { config } = loadConfig({ env: {} });
const conductor = createConductor(createCaller({ ...config, conductorServerUrl: address }));
const shop = await startShop({ host: '127.0.0.1' });
const troubles = Object.entries({ ...endedTroubles, ...openTroubles }).filter(
  ([name]) => names.length === 0 || names.includes(name),
);
const recorded = await Promise.all(
  troubles.map(async ([name, trouble]) => {
    const executionId = await stage(conductor, trouble, { prefix: 'und', shopUrl: shop.url });
    return [name, await record(executionId)] as const;
  }),
);
const all = [...Object.entries(names.length === 0 ? {} : readRecorded()), ...recorded];
const text = JSON.stringify(Object.fromEntries(new Map(all.sort(([a], [b]) => a.localeCompare(b)))));
writeFileSync(new URL('recorded.json', import.meta.url), `${text.replace(/und_[0-9a-f]{8}_/g, 'und_')}\n`);
await shop.close();
conductor.close();

async function record(executionId: string): Promise<Recorded> {
  const made: Recorded = { executionId, now: Date.now(), executions: {}, queueSizes: {}, pollData: {} };
  await readFacts(recording(conductor, made), executionId, made.now);
  return made;
}

function recording(real: Conductor, made: Recorded): Reads {
  return {
    async getExecution(id) {
      const execution = await real.getExecution(id);
      made.executions[id] = trimmed(execution);
      return execution;
    },
    async queueSizes(types) {
      const sizes = await real.queueSizes(types);
      Object.assign(made.queueSizes, sizes);
      return sizes;
    },
    async pollData(type) {
      const polls = await real.pollData(type);
      made.pollData[type] = polls;
      return polls;
    },
  };
}

/** Removes empty and repeated values. */
function trimmed(value: unknown): unknown {
  const text = JSON.stringify(value, (key, inner) => {
    const isEmpty = inner === null || inner === '' || (Array.isArray(inner) && inner.length === 0 && key !== 'tasks');
    if (isEmpty && key !== 'uri' && key !== 'which' && key !== 'order') return undefined;
    if (key === 'executionMetadata' || key === 'runtimeMetadata' || key === 'createdBy') return undefined;
    return inner;
  });
  return dropDoubles(JSON.parse(text));
}

/** Removes two of the three copies of the definition that the server returns. */
function dropDoubles(execution: {
  tasks?: { workflowTask?: { taskDefinition?: unknown } }[];
  workflowDefinition?: { tasks?: unknown[] };
}) {
  for (const task of execution.tasks ?? []) delete task.workflowTask?.taskDefinition;
  const def = execution.workflowDefinition;
  const text = JSON.stringify(def?.tasks ?? [], (key, inner) => (key === 'taskDefinition' ? undefined : inner));
  return { ...execution, workflowDefinition: { tasks: JSON.parse(text) } };
}
