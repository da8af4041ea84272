import {
  canonicalEventHandler,
  canonicalSchedule,
  canonicalTask,
  canonicalWorkflow,
  fingerprint,
} from './compare/canonical.ts';
import * as stamps from './stamp.ts';

/** What can be registered, in the order in which nothing refers to what is not there yet. */
export const kinds = ['task', 'workflow', 'event-handler', 'schedule'] as const;
export type Kind = (typeof kinds)[number];

type Json = Record<string, unknown>;

/** What differs between the kinds for whoever compares definitions. */
interface KindOf {
  /** How it is called in sentences. */
  noun: string;
  canonical(def: Json): Json;
  stamp<D extends Json>(def: D, stamp: stamps.Stamp): D;
  stampOf(def: Json): stamps.Stamp | undefined;
}

export const kindOf: Record<Kind, KindOf> = {
  task: { noun: 'task', canonical: canonicalTask, stamp: stamps.stampTask, stampOf: stamps.taskStamp },
  workflow: {
    noun: 'workflow',
    canonical: canonicalWorkflow,
    stamp: stamps.stampWorkflow,
    stampOf: stamps.workflowStamp,
  },
  'event-handler': {
    noun: 'event handler',
    canonical: (def) => canonicalEventHandler(stamps.unstampedEventHandler(def)),
    stamp: stamps.stampEventHandler,
    stampOf: stamps.eventHandlerStamp,
  },
  schedule: {
    noun: 'schedule',
    canonical: (def) => canonicalSchedule(stamps.unstampedSchedule(def)),
    stamp: stamps.stampSchedule,
    stampOf: stamps.scheduleStamp,
  },
};

/** The same for a definition with and without stamp, server defaults and times. */
export function contentOf(kind: Kind, def: Json): string {
  return fingerprint(kindOf[kind].canonical(def));
}

/** Whether the content is still what a registration of ours wrote. */
export function isAsStamped(kind: Kind, def: Json): boolean {
  const stamp = kindOf[kind].stampOf(def);
  return stamp !== undefined && contentOf(kind, def).startsWith(stamp.fingerprint);
}

/** Why a definition on the server is not ours to replace; undefined if it is. */
export function whyKept(kind: Kind, def: Json, fleet: string): string | undefined {
  const stamp = kindOf[kind].stampOf(def);
  if (!stamp) return 'It was not registered from code and is left as it is; `--overwrite` replaces it.';
  if (!isAsStamped(kind, def)) return 'It was changed on the server and is left as it is; `--overwrite` replaces it.';
  if (stamp.fleet === fleet) return undefined;
  return `It belongs to the fleet "${stamp.fleet}" and is left as it is; \`--overwrite\` takes it over.`;
}
