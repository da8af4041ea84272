import type { z } from 'zod';
import type { WorkflowTask } from '../../../core/conductor/types.ts';
import { type Code, object } from '../code/code.ts';
import { literal } from '../code/literals.ts';
import type { Visible } from '../expressions/scope.ts';
import type { Refer } from '../expressions/wire.ts';
import type { Writer } from '../writer.ts';

/** What a task is written with. */
export interface Writing {
  writer: Writer;
  visible: Visible;
  refer: Refer;
}

/** A builder's method with its arguments behind the reference, and what the step's output is. */
export interface Built {
  method: string;
  args: readonly Code[];
  output: z.ZodType;
  /** Steps of its branches that can be referred to behind it: the code goes behind the name of the step. */
  brings?: readonly Brought[];
}

/** A step of a branch, seen from behind the branch. */
export interface Brought {
  ref: string;
  code: string;
  schema: z.ZodType;
}

/** Writes a task by a builder's method, or undefined if that method would make another task of it. */
export type Leaf = (task: WorkflowTask, writing: Writing) => Built | undefined;

/** Options of a task that the builders know, which tasks that the server decides at once have not all of. */
export const PLACEMENT = ['optional', 'permissive'] as const;
export const QUEUED = ['optional', 'permissive', 'retryCount', 'startDelay'] as const;

/** Those options of a task, as the last argument of a builder's method: none, or one. */
export function placementOf(task: WorkflowTask): Code[] {
  const given = QUEUED.filter((key) => key in task);
  return given.length === 0 ? [] : [object(given.map((key) => [key, literal(task[key])] as const))];
}

const ALWAYS = ['name', 'taskReferenceName', 'type', 'inputParameters'];

/** Whether the task has no fields but these and those that every task has. */
export function hasOnly(task: WorkflowTask, ...fields: string[]): boolean {
  return Object.keys(task).every((key) => ALWAYS.includes(key) || fields.includes(key));
}

/** Whether the keys of an object are among these. */
export function keysAmong(value: object, keys: readonly string[]): boolean {
  return Object.keys(value).every((key) => keys.includes(key));
}

export function inputOf(task: WorkflowTask): Record<string, unknown> {
  return task.inputParameters ?? {};
}
