import { createHash } from 'node:crypto';
import { isObject } from '../../../core/json.ts';

/**
 * The server returns definitions with every default filled in. So both definitions are first brought to one form: without the fields that
 * the server owns, and without the fields that hold its defaults. Then only real changes differ.
 */
type Json = Record<string, unknown>;

const SERVER_OWNED = ['createTime', 'updateTime', 'createdBy', 'updatedBy', 'ownerApp', 'ownerEmail', 'accessPolicy'];

const WORKFLOW_DEFAULTS: Json = {
  description: '',
  inputParameters: [],
  outputParameters: {},
  inputTemplate: {},
  variables: {},
  metadata: {},
  maskedFields: [],
  schemaVersion: 2,
  restartable: true,
  workflowStatusListenerEnabled: false,
  timeoutPolicy: 'ALERT_ONLY',
  timeoutSeconds: 0,
  enforceSchema: false,
};

const WORKFLOW_TASK_DEFAULTS: Json = {
  inputParameters: {},
  decisionCases: {},
  defaultCase: [],
  forkTasks: [],
  joinOn: [],
  loopOver: [],
  defaultExclusiveJoinTask: [],
  onStateChange: {},
  metadata: {},
  startDelay: 0,
  optional: false,
  asyncComplete: false,
  permissive: false,
};

const TASK_DEFAULTS: Json = {
  description: '',
  inputKeys: [],
  outputKeys: [],
  runtimeMetadata: [],
  inputTemplate: {},
  rateLimitPerFrequency: 0,
  rateLimitFrequencyInSeconds: 1,
  concurrentExecLimit: 0,
  backoffScaleFactor: 1,
  maxRetryDelaySeconds: 0,
  backoffJitterMs: 0,
  totalTimeoutSeconds: 0,
  taskStatusListenerEnabled: true,
  enforceSchema: false,
};

const SCHEDULE_DEFAULTS: Json = {
  zoneId: 'UTC',
  paused: false,
  runCatchupScheduleInstances: false,
  cronSchedules: [],
};

/** A workflow definition without the fields that the server adds, and without our stamp. */
export function canonicalWorkflow(def: Json): Json {
  const { metadata, ...rest } = def;
  const { [STAMP_KEY]: _, ...others } = isObject(metadata) ? metadata : {};
  const kept = withoutDefaults({ ...rest, metadata: others }, WORKFLOW_DEFAULTS);
  return { ...kept, tasks: canonicalTasks(kept.tasks), ...canonicalSchemas(kept) };
}

/** A task definition without the fields that the server adds, and without our stamp. */
export function canonicalTask(def: Json): Json {
  const kept = withoutDefaults(def, TASK_DEFAULTS);
  return { ...kept, ...canonicalSchemas(kept) };
}

/** A schedule without the fields that the server adds. Remove its stamp first. */
export function canonicalSchedule(def: Json): Json {
  const { pausedReason: _, nextRunTime: __, updatedTime: ___, description, ...rest } = def;
  const kept = withoutDefaults({ ...rest, ...(description !== '' && { description }) }, SCHEDULE_DEFAULTS);
  if (!isObject(kept.startWorkflowRequest)) return kept;
  const start = withoutDefaults(kept.startWorkflowRequest, { input: {}, taskToDomain: {}, priority: 0 });
  return { ...kept, startWorkflowRequest: start };
}

/** An event handler without the fields that the server adds. */
export function canonicalEventHandler(def: Json): Json {
  const kept = withoutDefaults(def, {});
  if (!Array.isArray(kept.actions)) return kept;
  const actions = kept.actions.filter(isObject).map((action) => {
    const fields = Object.entries(withoutDefaults(action, { expandInlineJSON: false }));
    const plain = (field: unknown) => (isObject(field) ? withoutDefaults(field, { input: {}, output: {} }) : field);
    return Object.fromEntries(fields.map(([key, field]) => [key, plain(field)]));
  });
  return { ...kept, actions };
}

/** SHA-256 of a canonical definition. The order of keys does not matter. */
export function fingerprint(canonical: Json): string {
  return createHash('sha256')
    .update(JSON.stringify(sorted(canonical)))
    .digest('hex');
}

/** The word by which our stamps are recognised. */
export const STAMP_KEY = 'conductorFleet';

function canonicalTasks(tasks: unknown): unknown {
  if (!Array.isArray(tasks)) return tasks;
  return tasks.map((task: Json) => {
    const kept = withoutDefaults(task, WORKFLOW_TASK_DEFAULTS);
    const nested: Json = {};
    if (isObject(kept.decisionCases)) {
      nested.decisionCases = Object.fromEntries(
        Object.entries(kept.decisionCases).map(([key, branch]) => [key, canonicalTasks(branch)]),
      );
    }
    for (const key of ['defaultCase', 'loopOver']) if (kept[key]) nested[key] = canonicalTasks(kept[key]);
    if (Array.isArray(kept.forkTasks)) nested.forkTasks = kept.forkTasks.map(canonicalTasks);
    return { ...kept, ...nested };
  });
}

/** Removes the times that the server adds to schemas, and the stamp of a task definition: a comment in its input schema. */
function canonicalSchemas(def: Json): Json {
  const schemas: Json = {};
  for (const key of ['inputSchema', 'outputSchema']) {
    const schema = def[key];
    if (!isObject(schema)) continue;
    const { data, ...rest } = withoutDefaults(schema, {});
    const { $comment: _, ...body } = isObject(data) ? data : {};
    schemas[key] = { ...rest, data: body };
  }
  return schemas;
}

function withoutDefaults(value: Json, defaults: Json): Json {
  return Object.fromEntries(
    Object.entries(value).filter(
      ([key, field]) =>
        field !== null &&
        field !== undefined &&
        !SERVER_OWNED.includes(key) &&
        !(key in defaults && JSON.stringify(field) === JSON.stringify(defaults[key])),
    ),
  );
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, sorted(value[key])]),
  );
}
