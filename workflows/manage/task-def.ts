import type { TaskDef, WorkflowDef } from '../../core/conductor/types.ts';
import {
  inputSchemaOf,
  outputSchemaOf,
  type TaskContract,
  type TaskOptions,
  type TaskPolicy,
  type Workflow,
  type WorkflowSettings,
} from '../../core/contract.ts';

/** Three more tries after 2, 4 and 8 s; a lease of a minute; an attempt that runs out of time is tried again. */
const DEFAULTS = {
  retryCount: 3,
  retryLogic: 'EXPONENTIAL_BACKOFF',
  retryDelaySeconds: 2,
  timeoutSeconds: 0,
  timeoutPolicy: 'RETRY',
  responseTimeoutSeconds: 60,
} as const satisfies TaskOptions;

/** The Conductor task definition of a contract or a policy. */
export function toTaskDef(contract: TaskContract | TaskPolicy): TaskDef {
  const { name, description, options } = contract;
  const def: TaskDef = { name, description, ...DEFAULTS, ...options };
  if (contract.kind === 'policy') return { ...def, inputSchema: schemaDef(`${name}.input`, { type: 'object' }) };
  return {
    ...def,
    inputSchema: schemaDef(`${name}.input`, inputSchemaOf(contract.input)),
    outputSchema: schemaDef(`${name}.output`, outputSchemaOf(contract.output)),
    ...contract.verbatim,
  };
}

/** The definition with this deployment's settings as the defaults of the inputs that ask for them (`fromSetting`). */
export function withSettings(workflow: Workflow, settings: WorkflowSettings): WorkflowDef {
  const { properties = {} } = inputSchemaOf(workflow.input) as { properties?: Record<string, { setting?: string }> };
  const inputTemplate = { ...workflow.def.inputTemplate };
  for (const [field, { setting }] of Object.entries(properties)) {
    const value = setting && settings[setting as keyof WorkflowSettings];
    if (value) inputTemplate[field] = value;
  }
  return { ...workflow.def, inputTemplate };
}

function schemaDef(name: string, data: Record<string, unknown>) {
  return { name, version: 1, type: 'JSON', data };
}
