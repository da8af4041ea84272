import {
  canonicalEventHandler,
  canonicalSchedule,
  canonicalTask,
  canonicalWorkflow,
  fingerprint,
} from './compare/canonical.ts';
import * as stamps from './stamp.ts';

/** The kinds of definitions that can be registered. A kind may refer only to the kinds before it. */
export const kinds = ['task', 'workflow', 'event-handler', 'schedule'] as const;
export type Kind = (typeof kinds)[number];

type Json = Record<string, unknown>;

/** What the comparison and the stamp need to know about a kind of definition. */
interface KindOf {
  /** The name of the kind in messages. */
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

/** A fingerprint that ignores stamps, the server's defaults and times. */
export function contentOf(kind: Kind, def: Json): string {
  return fingerprint(kindOf[kind].canonical(def));
}

/** True if the content is unchanged since a registration wrote it. */
export function isAsStamped(kind: Kind, def: Json): boolean {
  const stamp = kindOf[kind].stampOf(def);
  return stamp !== undefined && contentOf(kind, def).startsWith(stamp.fingerprint);
}

/** Why a definition on the server is kept; undefined if this fleet may replace it. */
export function whyKept(kind: Kind, def: Json, fleet: string): string | undefined {
  const stamp = kindOf[kind].stampOf(def);
  if (!stamp) return 'It was not registered from code, so it is kept. `--overwrite` replaces it.';
  if (!isAsStamped(kind, def)) return 'It was changed on the server, so it is kept. `--overwrite` replaces it.';
  if (stamp.fleet === fleet) return undefined;
  return `It belongs to the fleet "${stamp.fleet}", so it is kept. \`--overwrite\` takes it over.`;
}
