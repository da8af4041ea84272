import { isObject } from '../../../core/json.ts';

/** A place where a definition names a workflow. */
export interface Pin {
  name: string;
  /** Absent if the definition names no version: it then means the highest version on the server. */
  version?: number;
  /** A workflow that is started without waiting for it also counts as a sub-workflow. */
  how: 'sub-workflow' | 'failure-workflow';
}

type Json = Record<string, unknown>;

/** The fields in which Conductor and our builders write `{ name, version }` of a workflow. */
const FIELDS = ['subWorkflowParam', 'startWorkflow', 'start_workflow', 'startWorkflowRequest'];

/** Finds `{ name, version }` of a workflow in the text of a jq program that makes tasks. */
const IN_TEXT = /("subWorkflowParam":\{"name":("(?:[^"\\]|\\.)*"),"version":)(\d+)/g;

/** Every workflow that a definition names. */
export function pinsIn(def: Json): Pin[] {
  const found: Pin[] = [];
  visit(def, (name, version) => {
    found.push({ name, how: 'sub-workflow', ...(version !== undefined && { version }) });
    return version;
  });
  const { failureWorkflow, failureWorkflowVersion } = def;
  if (typeof failureWorkflow === 'string' && failureWorkflow !== '') {
    const version = typeof failureWorkflowVersion === 'number' ? { version: failureWorkflowVersion } : {};
    found.push({ name: failureWorkflow, how: 'failure-workflow', ...version });
  }
  return found;
}

/** Replaces each pinned version in a definition by the result of `versionFor`. */
export function replacePins<D extends Json>(def: D, versionFor: (name: string, version: number) => number): D {
  const replace = (name: string, version: number | undefined) =>
    version === undefined ? undefined : versionFor(name, version);
  const changed = visit(def, replace) as D; // only versions are replaced, so the type stays the same
  const { failureWorkflow, failureWorkflowVersion } = def;
  if (typeof failureWorkflow !== 'string' || typeof failureWorkflowVersion !== 'number') return changed;
  return { ...changed, failureWorkflowVersion: versionFor(failureWorkflow, failureWorkflowVersion) };
}

type Replace = (name: string, version: number | undefined) => number | undefined;

function visit(value: unknown, replace: Replace): unknown {
  if (typeof value === 'string') return visitText(value, replace);
  if (Array.isArray(value)) return value.map((item) => visit(item, replace));
  if (!isObject(value)) return value;
  const entries = Object.entries(value).map(([key, item]) => {
    const inside = visit(item, replace);
    return [key, FIELDS.includes(key) && isObject(inside) ? visitField(inside, replace) : inside];
  });
  return { ...Object.fromEntries(entries), ...dynamicFork(value, replace) };
}

function visitField(field: Json, replace: Replace): Json {
  if (typeof field.name !== 'string' || field.name.includes('${')) return field;
  const version = replace(field.name, typeof field.version === 'number' ? field.version : undefined);
  return version === undefined ? field : { ...field, version };
}

function visitText(text: string, replace: Replace): string {
  return text.replace(IN_TEXT, (_, before: string, name: string, version: string) => {
    return `${before}${replace(JSON.parse(name), Number(version)) ?? version}`;
  });
}

/**
 * Replaces the version in the short form of a dynamic fork, which runs one workflow for each item. The server stores this version as a
 * string.
 */
function dynamicFork({ forkTaskWorkflow, forkTaskWorkflowVersion }: Json, replace: Replace): Json {
  if (typeof forkTaskWorkflow !== 'string') return {};
  const given = typeof forkTaskWorkflowVersion === 'string' ? Number(forkTaskWorkflowVersion) : undefined;
  const version = replace(forkTaskWorkflow, given);
  return version === undefined ? {} : { forkTaskWorkflowVersion: String(version) };
}
