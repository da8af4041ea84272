import { isObject } from '../../core/json.ts';
import { STAMP_KEY } from './compare/canonical.ts';

/**
 * Registration adds a stamp to every definition that it writes, in a place that the server keeps and does not read. For workflows this is
 * `metadata`, for task definitions a `$comment` in the input schema, for schedules the end of the description. Event handlers have no field
 * for remarks, so their stamp is a comment in the condition.
 */
export interface Stamp {
  /** Fingerprint of the content that was written. It is shortened in descriptions and conditions, because people read these. */
  fingerprint: string;
  /** The setting `fleetName` of the process that wrote the definition. */
  fleet: string;
  /** The version of a workflow in code, if the workflow was registered under a later version. */
  standsFor?: number;
}

type Json = Record<string, unknown>;

/** The fleet of a stamp that does not name one: it was written before fleets had names. */
const FIRST_FLEET = 'default';
const SHORT = 16;

export function stampWorkflow<D extends Json>(def: D, { fingerprint, fleet, standsFor }: Stamp): D {
  const stamp = { fingerprint, fleet, ...(standsFor !== undefined && { standsFor }) };
  return { ...def, metadata: { ...(isObject(def.metadata) ? def.metadata : {}), [STAMP_KEY]: stamp } };
}

export function workflowStamp({ metadata }: Json): Stamp | undefined {
  const found = isObject(metadata) ? metadata[STAMP_KEY] : undefined;
  if (typeof found === 'string') return { fingerprint: found, fleet: FIRST_FLEET };
  if (!isObject(found) || typeof found.fingerprint !== 'string' || typeof found.fleet !== 'string') return undefined;
  const { fingerprint, fleet, standsFor } = found;
  return { fingerprint, fleet, ...(typeof standsFor === 'number' && { standsFor }) };
}

export function stampTask<D extends Json>(def: D, stamp: Stamp): D {
  const schema = isObject(def.inputSchema) ? def.inputSchema : {};
  const data = isObject(schema.data) ? schema.data : {};
  const $comment = `${STAMP_KEY} ${stamp.fingerprint} ${stamp.fleet}`;
  return { ...def, inputSchema: { ...schema, data: { ...data, $comment } } };
}

export function taskStamp({ inputSchema }: Json): Stamp | undefined {
  const data = isObject(inputSchema) ? inputSchema.data : undefined;
  const comment = isObject(data) ? data.$comment : undefined;
  if (typeof comment !== 'string') return undefined;
  const [word, fingerprint, fleet = FIRST_FLEET] = comment.split(' ');
  return word === STAMP_KEY && fingerprint ? { fingerprint, fleet } : undefined;
}

const IN_DESCRIPTION = new RegExp(` ?\\[${STAMP_KEY} ([0-9a-f]+) ([\\w-]+)\\]$`);

export function stampSchedule<D extends Json>(def: D, { fingerprint, fleet }: Stamp): D {
  const description = `${text(def.description)} [${STAMP_KEY} ${fingerprint.slice(0, SHORT)} ${fleet}]`.trim();
  return { ...def, description };
}

export function scheduleStamp({ description }: Json): Stamp | undefined {
  return stampIn(text(description), IN_DESCRIPTION);
}

/** Removes the stamp from a schedule. */
export function unstampedSchedule(def: Json): Json {
  return { ...def, description: text(def.description).replace(IN_DESCRIPTION, '') };
}

const IN_CONDITION = new RegExp(`^/\\* ${STAMP_KEY} ([0-9a-f]+) ([\\w-]+) \\*/ `);
const ALWAYS = 'true';

/** Puts the stamp before the condition: after a `//` comment, it would be a part of this comment. */
export function stampEventHandler<D extends Json>(def: D, { fingerprint, fleet }: Stamp): D {
  const condition = text(def.condition) || ALWAYS;
  return { ...def, condition: `/* ${STAMP_KEY} ${fingerprint.slice(0, SHORT)} ${fleet} */ ${condition}` };
}

export function eventHandlerStamp({ condition }: Json): Stamp | undefined {
  return stampIn(text(condition), IN_CONDITION);
}

/** Removes the stamp from an event handler. */
export function unstampedEventHandler({ condition, ...def }: Json): Json {
  const own = text(condition).replace(IN_CONDITION, '');
  return own === '' || own === ALWAYS ? def : { ...def, condition: own };
}

function stampIn(where: string, pattern: RegExp): Stamp | undefined {
  const [, fingerprint, fleet] = pattern.exec(where) ?? [];
  return fingerprint && fleet ? { fingerprint, fleet } : undefined;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
