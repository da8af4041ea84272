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

/** The type of the values that every member of a union accepts. */
type Every<U> = (U extends unknown ? (member: U) => void : never) extends (every: infer A) => void ? A : never;

/** Contracts by their names. */
type Contracts = Readonly<Record<string, TaskContract>>;

/**
 * The task ends only when a person or program updates it. The output of that update replaces the task's own output; `asyncComplete` is its
 * schema.
 */
interface AsyncComplete<C extends z.ZodType> {
  asyncComplete: C;
}

/** The tasks that contain no other tasks. `ModelTasks` adds the tasks for models. */
export class LeafTasks<V> extends TaskSequence<V> {
  /** SIMPLE: a task that a worker executes. */
  task<I extends z.ZodType, O extends z.ZodType, F extends boolean = false>(
    ref: string,
    contract: TaskContract<I, O>,
    input: Wired<z.input<I>>,
    placement: QueuedPlacement<F> = {},
  ): Step<Placed<z.output<O>, F>> {
    return this.add(ref, this.build.use(contract), 'SIMPLE', toParameters(input, contract.input), placement);
  }

  /**
   * DYNAMIC: a task that the execution chooses by name. `chosen` refers to the name; the worker of that task executes it. `contracts` has
   * the contract of every possible name. The input must fit all contracts, and no contract may reject the extra input `dynamicTaskName`. A
   * task with any other name would wait for a worker forever. So use `switch` if a caller decides the name.
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
   * SUB_WORKFLOW: runs another workflow in the version of `workflow`, and waits for its end. The task fails if that workflow fails. The
   * server retries the task only if the placement has a `retryCount` above 0, and then after one minute.
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

  /** START_WORKFLOW: starts another workflow in the version of the given `Workflow`, and does not wait for its end. */
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
   * HTTP: a request that the server sends. The task fails if the status of the answer is 400 or above, and its output then has no status
   * code. To branch on the status, use the `http_request` worker.
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

  /** EVENT: sends an event to event handlers, and does not wait for them. The output is the payload and the fields that the server adds. */
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

  /**
   * INLINE: a JavaScript expression that reads its inputs as `$`. The server evaluates it in at most 4 s, without I/O, and never retries
   * it.
   */
  inline<O extends z.ZodType, F extends boolean = false>(
    ref: string,
    { inputs, output: _, script }: { inputs: ScriptInputs; output: O; script: string },
    placement: TaskPlacement<F> = {},
  ): Step<Placed<{ result: z.output<O> }, F>> {
    this.build.refuseNames(ref, inputs, plain.INLINE_NAMES);
    this.push({ ...plain.inline(ref, inputs, this.script(script)), ...placement });
    return step(ref);
  }

  /** JSON_JQ_TRANSFORM: a jq query that reads its inputs. `result` is the first value of the query. The server never retries it. */
  jq<O extends z.ZodType, F extends boolean = false>(
    ref: string,
    { inputs, output: _, query }: { inputs: ScriptInputs; output: O; query: string },
    placement: TaskPlacement<F> = {},
  ): Step<Placed<{ result: z.output<O> }, F>> {
    this.build.refuseNames(ref, inputs, plain.JQ_NAMES);
    this.push({ ...plain.jq(ref, inputs, this.script(query)), ...placement });
    return step(ref);
  }

  /** SET_VARIABLE: sets some of the workflow's variables. All variables together can hold 256 KB. */
  set(ref: string, values: Values<V>): void {
    this.add(ref, ref, 'SET_VARIABLE', values);
  }

  /** TERMINATE: ends the workflow at this task. With the status `FAILED`, the server starts the failure workflow. */
  terminate(
    ref: string,
    status: 'COMPLETED' | 'FAILED',
    reason: Wired<string>,
    output: Record<string, unknown> = {},
  ): void {
    this.push(plain.terminate(ref, status, reason, output));
  }

  /**
   * WAIT: waits for a number of seconds, until a time such as `2026-11-21 09:30 UTC`, or for a signal. A time in the past ends the wait
   * at once. The output is the payload of the signal.
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

  /** HUMAN: waits until a person completes the task. `about` is shown to this person. The output is what the person enters. */
  human<O extends z.ZodType, F extends boolean = false>(
    ref: string,
    { about }: { about: Readonly<Record<string, unknown>> & Spelled; output: O },
    placement: TaskPlacement<F> = {},
  ): Step<Placed<z.output<O>, F>> {
    return this.add(ref, ref, 'HUMAN', about, placement);
  }

  /** Adds a task as plain JSON, for tasks from other definitions that no other method can write. Only its task references are checked. */
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

/** The references of a task and of all tasks inside it. The lists in `known` are skipped. */
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
