import { z } from 'zod';
import type { WorkflowTask } from '../../core/conductor/types.ts';
import type { TaskContract, TaskPolicy, Workflow } from '../../core/contract.ts';
import { isObject } from '../../core/json.ts';
import type { Countable } from './builder-types.ts';
import { type Placed, type QueuedPlacement, type Step, step, type TaskPlacement } from './builder-types.ts';
import { type Ref, type Spelled, toParameters, type Wired } from './refs.ts';
import {
  EVENT_NAMES,
  type EventOutput,
  type EventRequest,
  type KafkaMessage,
  kafkaRequest,
} from './system/event-and-kafka.ts';
import { encodedTwice, type HttpOutput, type HttpRequest, httpRequest } from './system/http-request.ts';
import * as plain from './system/plain-tasks.ts';
import { type ScriptInputs, TaskSequence } from './task-sequence.ts';

/** Values for some of the declared variables. */
type Values<V> = [keyof V] extends [never] ? Record<string, never> : { [K in keyof V]?: Wired<V[K]> } & Spelled;

/** What every member of a union accepts. */
type Every<U> = (U extends unknown ? (member: U) => void : never) extends (every: infer A) => void ? A : never;

/** Contracts by their names. */
type Contracts = Readonly<Record<string, TaskContract>>;

/** The task ends only when someone updates it. The output of that update, with this schema, replaces its own. */
interface AsyncComplete<C extends z.ZodType> {
  asyncComplete: C;
}

/** The tasks that contain no other tasks, except those for models. */
export class LeafTasks<V> extends TaskSequence<V> {
  /** SIMPLE: executed by a worker. */
  task<I extends z.ZodType, O extends z.ZodType, F extends boolean = false>(
    ref: string,
    contract: TaskContract<I, O>,
    input: Wired<z.input<I>>,
    placement: QueuedPlacement<F> = {},
  ): Step<Placed<z.output<O>, F>> {
    return this.add(ref, this.build.use(contract), 'SIMPLE', toParameters(input, contract.input), placement);
  }

  /**
   * DYNAMIC: executed by the worker of the task that `chosen` names in the execution. `contracts` has the contract of every possible
   * name. The input must fit all of them, and none may reject the extra input `dynamicTaskName`. A task with any other name would
   * wait for a worker forever, so use `switch` if the name comes from outside.
   */
  dynamic<T extends string, C extends Contracts & Record<T, TaskContract>, F extends boolean = false>(
    ref: string,
    chosen: Ref<T> & Countable<T>,
    contracts: C & Record<T, TaskContract>,
    input: Wired<Every<z.input<C[T]['input']>>>,
    placement: QueuedPlacement<F> = {},
  ): Step<Placed<z.output<C[T]['output']>, F>> {
    for (const [name, contract] of Object.entries<TaskContract>(contracts)) {
      if (this.build.use(contract) !== name) {
        throw this.build.mistake(
          `"${ref}" lists the task ${contract.name} under the name "${name}", but the server only knows ${contract.name}. Use that name.`,
        );
      }
      if (isStrict(contract.input))
        throw this.build.mistake(
          `the input schema of "${name}" is strict and would reject "dynamicTaskName", which "${ref}" adds. Use z.object instead.`,
        );
    }
    const [first] = Object.values<TaskContract>(contracts);
    if (first === undefined) throw this.build.mistake(`"${ref}" has no task to choose from. Add a contract.`);
    const parameters = toParameters(input, first.input);
    this.build.refuseNames(ref, parameters, ['dynamicTaskName']);
    const task = plain.task(ref, 'DYNAMIC', { ...parameters, dynamicTaskName: chosen });
    this.push({ ...task, dynamicTaskNameParam: 'dynamicTaskName', ...placement });
    return step(ref);
  }

  /**
   * SUB_WORKFLOW: runs another workflow, in the version it has here, and waits for its end. The task fails if that workflow fails. It
   * is retried only if `retryCount` says so, one minute later.
   */
  subWorkflow<I extends z.ZodType, O extends z.ZodType, F extends boolean = false>(
    ref: string,
    workflow: Workflow<I, O>,
    input: Wired<z.input<I>>,
    placement: QueuedPlacement<F> = {},
  ): Step<Placed<z.output<O> & { subWorkflowId: string }, F>> {
    this.push({ ...plain.subWorkflow(ref, workflow, toParameters(input, workflow.input)), ...placement });
    return step(ref);
  }

  /** START_WORKFLOW: starts another workflow, in the version it has here, and does not wait for it. */
  startWorkflow<I extends z.ZodType, F extends boolean = false>(
    ref: string,
    { name, version, input: schema }: Workflow<I>,
    input: Wired<z.input<I>>,
    { correlationId, ...placement }: { correlationId?: Wired<string> } & TaskPlacement<F> = {},
  ): Step<Placed<{ workflowId: string }, F>> {
    const request = { name, version, input: toParameters(input, schema), ...(correlationId && { correlationId }) };
    return this.add(ref, name, 'START_WORKFLOW', { startWorkflow: request }, placement);
  }

  /**
   * HTTP: executed by the server. It fails on every answer of 400 and above, and then has no status code. To branch on the status, use
   * the `http_request` worker.
   */
  http<C extends z.ZodType, F extends boolean = false>(
    ref: string,
    policy: TaskPolicy,
    request: HttpRequest & AsyncComplete<C>,
    placement?: QueuedPlacement<F>,
  ): Step<Placed<z.output<C>, F>>;
  http<B extends z.ZodType, F extends boolean = false>(
    ref: string,
    policy: TaskPolicy,
    request: HttpRequest & { response: B },
    placement?: QueuedPlacement<F>,
  ): Step<Placed<HttpOutput<z.output<B>>, F>>;
  http(ref: string, policy: TaskPolicy, request: HttpRequest, placement: QueuedPlacement = {}): Step<unknown> {
    const refused = encodedTwice(String(request.uri));
    if (refused !== undefined) {
      throw this.build.mistake(
        `the address of "${ref}" contains ${refused}, which the server would encode again. Write it without encoding, or use the http_request worker.`,
      );
    }
    const input = { http_request: httpRequest(request) };
    return this.add(ref, this.build.use(policy), 'HTTP', input, { ...placement, ...completion(request) });
  }

  /** EVENT: sends an event to event handlers, and does not wait. The output is the payload with the fields that the server adds. */
  event<C extends z.ZodType>(ref: string, event: EventRequest & AsyncComplete<C>): Step<z.output<C>>;
  event<F extends boolean = false>(
    ref: string,
    event: EventRequest,
    placement?: TaskPlacement<F>,
  ): Step<Placed<EventOutput, F>>;
  event(ref: string, event: EventRequest, placement: TaskPlacement = {}): Step<unknown> {
    const { sink, payload } = event;
    this.build.refuseNames(ref, payload, EVENT_NAMES);
    this.push({ ...plain.task(ref, 'EVENT', payload), sink, ...placement, ...completion(event) });
    return step(ref);
  }

  /** KAFKA_PUBLISH: sends a message as JSON and waits until the broker confirms it. It has no output. */
  kafkaPublish<C extends z.ZodType>(
    ref: string,
    policy: TaskPolicy,
    message: KafkaMessage & AsyncComplete<C>,
  ): Step<z.output<C>>;
  kafkaPublish(ref: string, policy: TaskPolicy, message: KafkaMessage, placement?: QueuedPlacement): Step<object>;
  kafkaPublish(
    ref: string,
    policy: TaskPolicy,
    message: KafkaMessage & Partial<AsyncComplete<z.ZodType>>,
    placement: QueuedPlacement = {},
  ): Step<unknown> {
    const { asyncComplete: _, ...plain } = message;
    const input = { kafka_request: kafkaRequest(plain) };
    return this.add(ref, this.build.use(policy), 'KAFKA_PUBLISH', input, { ...placement, ...completion(message) });
  }

  /** INLINE: a JavaScript expression over `$`, its inputs, evaluated by the server in at most 4 s, without I/O. Never retried. */
  inline<O extends z.ZodType, F extends boolean = false>(
    ref: string,
    { inputs, output: _, script }: { inputs: ScriptInputs; output: O; script: string },
    placement: TaskPlacement<F> = {},
  ): Step<Placed<{ result: z.output<O> }, F>> {
    this.build.refuseNames(ref, inputs, plain.INLINE_NAMES);
    this.push({ ...plain.inline(ref, inputs, this.script(script)), ...placement });
    return step(ref);
  }

  /** JSON_JQ_TRANSFORM: a jq query over its inputs. `result` is the first value of the query. Never retried. */
  jq<O extends z.ZodType, F extends boolean = false>(
    ref: string,
    { inputs, output: _, query }: { inputs: ScriptInputs; output: O; query: string },
    placement: TaskPlacement<F> = {},
  ): Step<Placed<{ result: z.output<O> }, F>> {
    this.build.refuseNames(ref, inputs, plain.JQ_NAMES);
    this.push({ ...plain.jq(ref, inputs, this.script(query)), ...placement });
    return step(ref);
  }

  /** SET_VARIABLE: sets some of the workflow's variables. Together they can hold 256 KB. */
  set(ref: string, values: Values<V>): void {
    this.add(ref, ref, 'SET_VARIABLE', values);
  }

  /** TERMINATE: ends the workflow here. `FAILED` starts the failure workflow. */
  terminate(
    ref: string,
    status: 'COMPLETED' | 'FAILED',
    reason: Wired<string>,
    output: Record<string, unknown> = {},
  ): void {
    this.push(plain.terminate(ref, status, reason, output));
  }

  /**
   * WAIT for a number of seconds, until a time (`2026-11-21 09:30 UTC`; a past time ends at once), or for a signal. The output is the
   * payload of the signal.
   */
  wait<O extends z.ZodType>(
    ref: string,
    wait: { seconds: number } | { until: string } | { signal: O },
  ): Step<z.output<O>> {
    if ('seconds' in wait) this.build.count(ref, 'seconds', wait.seconds);
    if ('until' in wait && !plain.isServerTime(wait.until)) {
      throw this.build.mistake(
        `"${ref}" waits until "${wait.until}", which is not a time. Write it like 2026-11-21 09:30 UTC.`,
      );
    }
    this.push(plain.wait(ref, 'signal' in wait ? {} : wait));
    return step(ref);
  }

  /** HUMAN: waits until a person completes it. The output is what they enter; `about` is what they are shown. */
  human<O extends z.ZodType, F extends boolean = false>(
    ref: string,
    { about }: { about: Readonly<Record<string, unknown>> & Spelled; output: O },
    placement: TaskPlacement<F> = {},
  ): Step<Placed<z.output<O>, F>> {
    return this.add(ref, ref, 'HUMAN', about, placement);
  }

  /**
   * Any task as plain JSON, for tasks from other definitions that no other method can write. Only the references in it are checked.
   */
  json<O extends z.ZodType>(
    ref: string,
    task: Omit<WorkflowTask, 'taskReferenceName'>,
    _output?: O,
  ): Step<z.output<O>> {
    const whole: WorkflowTask = { name: ref, type: 'SIMPLE', ...task, taskReferenceName: ref };
    for (const reference of referencesIn(whole, this.build.sequences)) this.build.claimForeign(reference);
    this.tasks.push(whole);
    return step(ref);
  }
}

/** The references of a task and of all tasks inside it, except in lists of `known`. */
function* referencesIn(task: unknown, known: Pick<WeakSet<object>, 'has'>): Generator<string> {
  if (!isObject(task)) return;
  const { taskReferenceName, decisionCases, defaultCase, forkTasks, loopOver } = task;
  if (typeof taskReferenceName === 'string') yield taskReferenceName;
  const cases = isObject(decisionCases) ? Object.values(decisionCases) : [];
  const branches = Array.isArray(forkTasks) ? forkTasks : [];
  for (const inner of [...cases, defaultCase, ...branches, loopOver]) {
    if (!Array.isArray(inner) || known.has(inner)) continue;
    for (const one of inner) yield* referencesIn(one, known);
  }
}

function completion(request: object): { asyncComplete?: boolean } {
  return 'asyncComplete' in request ? { asyncComplete: true } : {};
}

function isStrict(schema: z.ZodType): boolean {
  return schema instanceof z.ZodObject && schema.def.catchall instanceof z.ZodNever;
}
