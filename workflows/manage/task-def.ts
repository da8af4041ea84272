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

/**
 * The defaults of all task definitions, with and without a worker: three retries, after 2, 4 and 8 s. The server also retries an attempt
 * that times out.
 */
const DEFAULTS = {
  retryCount: 3,
  retryLogic: 'EXPONENTIAL_BACKOFF',
  retryDelaySeconds: 2,
  timeoutSeconds: 0,
  timeoutPolicy: 'RETRY',
} as const satisfies TaskOptions;

/** The lease if the contract does not set one. */
const LEASE_SECONDS = 60;

/** Makes the Conductor task definition of a contract or a policy. */
export function toTaskDef(contract: TaskContract | TaskPolicy): TaskDef {
  const { name, description, options } = contract;
  // The server refuses a lease that is longer than the time limit of an attempt.
  const responseTimeoutSeconds = Math.min(LEASE_SECONDS, options.timeoutSeconds || LEASE_SECONDS);
  const def: TaskDef = { name, description, ...DEFAULTS, responseTimeoutSeconds, ...options };
  if (contract.kind === 'policy') return { ...def, inputSchema: schemaDef(`${name}.input`, { type: 'object' }) };
  return {
    ...def,
    inputSchema: schemaDef(`${name}.input`, inputSchemaOf(contract.input)),
    outputSchema: schemaDef(`${name}.output`, outputSchemaOf(contract.output)),
    ...contract.verbatim,
  };
}

/** Returns the definition of a workflow. Inputs that name a setting (`fromSetting`) get its value in this deployment as their default. */
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
