import { z } from 'zod';
import { FleetError } from '../../errors.ts';
import type { Caller } from '../connection/caller.ts';
import {
  type StoredTaskDef,
  type StoredWorkflowDef,
  type TaskDef,
  taskDefSchema,
  type WorkflowDef,
  type WorkflowVersion,
  workflowDefSchema,
  workflowVersionSchema,
} from '../types.ts';
import { doneFor, nothing } from './expected-answers.ts';

/** Calls for the workflow and task definitions that the server stores. */
export interface DefinitionCalls {
  /** Returns a stored definition, by default in its highest version. @throws FleetError `not-found` */
  getWorkflowDef(name: string, version?: number): Promise<StoredWorkflowDef>;
  /** Creates a definition. @throws FleetError `conflict` if this name and version exist */
  createWorkflowDef(def: WorkflowDef): Promise<void>;
  /** Creates the definition, or overwrites the stored one of the same name and version. */
  putWorkflowDef(def: WorkflowDef): Promise<void>;
  /** Checks on the server whether it would accept the definition. @throws FleetError `input` with the server's reasons if it would not */
  validateWorkflowDef(def: WorkflowDef): Promise<void>;
  /** Deletes one version. Executions that already use it continue. */
  deleteWorkflowDef(name: string, version: number): Promise<void>;
  listWorkflowNames(): Promise<string[]>;
  /** Lists the names with their versions and the last change of each. The answer is much smaller than the definitions. */
  listWorkflowVersions(): Promise<Record<string, WorkflowVersion[]>>;
  /** Lists every version of every definition in full. */
  listWorkflowDefs(): Promise<StoredWorkflowDef[]>;
  /** Lists the highest version of every definition in full. */
  listLatestWorkflowDefs(): Promise<StoredWorkflowDef[]>;
  /** @throws FleetError `not-found` */
  getTaskDef(name: string): Promise<StoredTaskDef>;
  listTaskDefs(): Promise<StoredTaskDef[]>;
  /** Creates or overwrites task definitions. */
  putTaskDefs(defs: readonly TaskDef[]): Promise<void>;
  deleteTaskDef(name: string): Promise<void>;
}

export function definitionCalls({ call }: Pick<Caller, 'call'>): DefinitionCalls {
  return {
    getWorkflowDef: (name, version) =>
      call({
        method: 'GET',
        path: '/api/metadata/workflow/{name}',
        params: { name },
        query: { version },
        answer: workflowDefSchema,
      }),
    createWorkflowDef: async (def) => {
      await conflicting(call({ method: 'POST', path: '/api/metadata/workflow', body: def, answer: nothing }));
    },
    putWorkflowDef: async (def) => {
      await call({ method: 'PUT', path: '/api/metadata/workflow', body: [def], answer: doneFor(def.name) });
    },
    validateWorkflowDef: async (def) => {
      await call({ method: 'POST', path: '/api/metadata/workflow/validate', body: def, answer: nothing });
    },
    deleteWorkflowDef: async (name, version) => {
      await call({
        method: 'DELETE',
        path: '/api/metadata/workflow/{name}/{version}',
        params: { name, version },
        answer: nothing,
      });
    },
    listWorkflowNames: () => call({ method: 'GET', path: '/api/metadata/workflow/names', answer: z.array(z.string()) }),
    listWorkflowVersions: () =>
      call({
        method: 'GET',
        path: '/api/metadata/workflow/names-and-versions',
        answer: z.record(z.string(), z.array(workflowVersionSchema)),
      }),
    listWorkflowDefs: () => call({ method: 'GET', path: '/api/metadata/workflow', answer: z.array(workflowDefSchema) }),
    listLatestWorkflowDefs: () =>
      call({ method: 'GET', path: '/api/metadata/workflow/latest-versions', answer: z.array(workflowDefSchema) }),
    getTaskDef: (name) =>
      call({ method: 'GET', path: '/api/metadata/taskdefs/{name}', params: { name }, answer: taskDefSchema }),
    listTaskDefs: () => call({ method: 'GET', path: '/api/metadata/taskdefs', answer: z.array(taskDefSchema) }),
    putTaskDefs: async (defs) => {
      await call({ method: 'POST', path: '/api/metadata/taskdefs', body: defs, answer: nothing });
    },
    deleteTaskDef: async (name) => {
      await call({ method: 'DELETE', path: '/api/metadata/taskdefs/{name}', params: { name }, answer: nothing });
    },
  };
}

/**
 * If several processes create the same definition at once, one succeeds. The others get 409, or 500 if only the database finds the
 * conflict.
 */
async function conflicting(created: Promise<unknown>): Promise<void> {
  try {
    await created;
  } catch (error) {
    if (!(error instanceof FleetError) || error.code !== 'upstream' || !/already exists/.test(error.message))
      throw error;
    throw new FleetError('conflict', error.message, { cause: error });
  }
}
