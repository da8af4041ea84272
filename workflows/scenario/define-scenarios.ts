import type { z } from 'zod';
import type { WorkflowStatus } from '../../core/conductor/types.ts';
import type { Workflow } from '../../core/contract.ts';
import { FleetError } from '../../core/errors.ts';
import type { Exactly, Expected } from './expected.ts';
import type { Mocks } from './mocks.ts';

/** The answers of the tasks of a workflow in a dry run, by task reference. */
export interface Mocked {
  /** A dry run fails if it reaches a task that needs an answer but has none here. Tasks that only compute need none. */
  readonly tasks?: Readonly<Record<string, Mocks>>;
  /**
   * The answers for the workflows that SUB_WORKFLOW tasks start, by the references of these tasks. A sub-workflow with an answer in `tasks`
   * does not run.
   */
  readonly subWorkflows?: Readonly<Record<string, Mocked>>;
}

/** The expected result of a dry run. Absent fields are not checked. */
export interface Expectation<O = unknown> {
  readonly status: Exclude<WorkflowStatus, 'PAUSED'>;
  /**
   * The output must have these keys with these values, also in nested objects. With `exactly(…)`, it must not have other keys. A RegExp
   * must match a string.
   */
  readonly output?: Expected<O> | Exactly<O>;
  /** The variables at the end of the execution, compared like `output`. */
  readonly variables?: Expected<Record<string, unknown>> | Exactly<Record<string, unknown>>;
  /** A part of the reason for the failure of the execution. */
  readonly reason?: string | RegExp;
  /** Tasks that must have run, in this order. Other tasks may run between them. */
  readonly ran?: readonly string[];
  readonly notRan?: readonly string[];
  /** The number of attempts of a task, over all rounds of a loop. */
  readonly attempts?: Readonly<Record<string, number>>;
  /** The input of the last attempt of a task, compared like `output`. */
  readonly inputs?: Readonly<Record<string, Expected<Record<string, unknown>> | Exactly<Record<string, unknown>>>>;
  /** The number of rounds of a loop. */
  readonly rounds?: Readonly<Record<string, number>>;
}

/** An input that the workflow's schema rejects. */
export interface Unchecked {
  readonly kind: 'unchecked';
  readonly input: Readonly<Record<string, unknown>>;
}

/** Allows an input that the schema rejects. A test may need it, because a caller of the REST API can start a workflow with any input. */
export function unchecked(input: Readonly<Record<string, unknown>>): Unchecked {
  return { kind: 'unchecked', input };
}

/** One path through a workflow: the input, the answers of the tasks, and the expected result. */
export interface Scenario<I = unknown, O = unknown> extends Mocked {
  readonly input: I | Unchecked;
  readonly expect: Expectation<O>;
}

/** All scenarios of one workflow, by their titles. */
export interface Scenarios {
  readonly kind: 'scenarios';
  /** The name of the workflow. */
  readonly name: string;
  readonly workflow: Workflow;
  readonly scenarios: Readonly<Record<string, Scenario>>;
}

/**
 * Defines the dry runs of a workflow, in a file beside its definition: `<name of the definition file>.scenario.ts`.
 * @example export default defineScenarios(getWeather, { 'tells the temperature': { input: { city: 'Dubai' }, tasks: { … }, expect: { … } } })
 */
export function defineScenarios<I extends z.ZodType, O extends z.ZodType>(
  workflow: Workflow<I, O>,
  scenarios: Readonly<Record<string, Scenario<z.input<I>, z.output<O>>>>,
): Scenarios {
  // Only this function knows the types of input and output. The code that runs scenarios treats both as data.
  return { kind: 'scenarios', name: workflow.name, workflow, scenarios: scenarios as Scenarios['scenarios'] };
}

/**
 * Returns a workflow that was generated with `workflow`, such as the compensation of a saga, so that you can write scenarios for it.
 * @throws FleetError `config` if no generated workflow has this name
 */
export function companionOf(workflow: Workflow, name: string): Workflow {
  const found = workflow.companions?.find((companion) => companion.name === name);
  if (found) return found;
  throw new FleetError('config', `${workflow.name} generates no workflow with the name "${name}".`);
}

/** True for a default export made with `defineScenarios(…)`. */
export function isScenarios(value: unknown): value is Scenarios {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'scenarios';
}
