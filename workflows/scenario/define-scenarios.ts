import type { z } from 'zod';
import type { WorkflowStatus } from '../../core/conductor/types.ts';
import type { Workflow } from '../../core/contract.ts';
import { FleetError } from '../../core/errors.ts';
import type { Exactly, Expected } from './expected.ts';
import type { Mocks } from './mocks.ts';

/** What the tasks of a workflow answer in a dry run, by their task references. */
export interface Mocked {
  /** A task without an entry, if it is reached, ends the dry run with a mistake; tasks that only compute need none. */
  readonly tasks?: Readonly<Record<string, Mocks>>;
  /** The same for the workflows that SUB_WORKFLOW tasks start. A sub-workflow that is mocked in `tasks` does not run. */
  readonly subWorkflows?: Readonly<Record<string, Mocked>>;
}

/** What a dry run must come to. What is left out is not looked at. */
export interface Expectation<O = unknown> {
  readonly status: Exclude<WorkflowStatus, 'PAUSED'>;
  /** The keys that are given must be as given, deep; the whole with `exactly(…)`. A RegExp stands for a text. */
  readonly output?: Expected<O> | Exactly<O>;
  /** The variables of the execution, at its end; as `output`. */
  readonly variables?: Expected<Record<string, unknown>> | Exactly<Record<string, unknown>>;
  /** Part of why it failed. */
  readonly reason?: string | RegExp;
  /** References that must have run, in this order; others may have run between them. */
  readonly ran?: readonly string[];
  readonly notRan?: readonly string[];
  /** How often a task was tried, over all rounds of a loop. */
  readonly attempts?: Readonly<Record<string, number>>;
  /** The input with which a task ran last; as `output`. */
  readonly inputs?: Readonly<Record<string, Expected<Record<string, unknown>> | Exactly<Record<string, unknown>>>>;
  /** How many rounds a loop made. */
  readonly rounds?: Readonly<Record<string, number>>;
}

/** An input that the workflow's schema refuses. */
export interface Unchecked {
  readonly kind: 'unchecked';
  readonly input: Readonly<Record<string, unknown>>;
}

/** Lets through an input that the schema refuses: the server takes any from those who start a workflow by its REST API. */
export function unchecked(input: Readonly<Record<string, unknown>>): Unchecked {
  return { kind: 'unchecked', input };
}

/** One way through a workflow: its input, what its tasks answer, and what it must come to. */
export interface Scenario<I = unknown, O = unknown> extends Mocked {
  readonly input: I | Unchecked;
  readonly expect: Expectation<O>;
}

/** All scenarios of one workflow, by titles that are sentences. */
export interface Scenarios {
  readonly kind: 'scenarios';
  /** That of the workflow. */
  readonly name: string;
  readonly workflow: Workflow;
  readonly scenarios: Readonly<Record<string, Scenario>>;
}

/**
 * The dry runs of a workflow, in a file `<its name>.scenario.ts` beside the definition.
 * @example export default defineScenarios(getWeather, { 'tells the temperature': { input: { city: 'Dubai' }, tasks: { … }, expect: { … } } })
 */
export function defineScenarios<I extends z.ZodType, O extends z.ZodType>(
  workflow: Workflow<I, O>,
  scenarios: Readonly<Record<string, Scenario<z.input<I>, z.output<O>>>>,
): Scenarios {
  // Which input and output they are of is known here only; whoever runs them treats both as data.
  return { kind: 'scenarios', name: workflow.name, workflow, scenarios: scenarios as Scenarios['scenarios'] };
}

/**
 * A workflow that was made with another one, such as the compensation of a saga, to write scenarios for.
 * @throws FleetError `config` if there is none of that name
 */
export function companionOf(workflow: Workflow, name: string): Workflow {
  const found = workflow.companions?.find((companion) => companion.name === name);
  if (found) return found;
  throw new FleetError('config', `No workflow ${name} was made with ${workflow.name}.`);
}

/** True for a default export made with `defineScenarios(…)`. */
export function isScenarios(value: unknown): value is Scenarios {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'scenarios';
}
