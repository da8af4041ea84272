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

/** Some of the variables; without declared ones there is nothing to set. */
type Values<V> = [keyof V] extends [never] ? Record<string, never> : { [K in keyof V]?: Wired<V[K]> } & Spelled;

/** What fits every member of a union. */
type Every<U> = (U extends unknown ? (member: U) => void : never) extends (every: infer A) => void ? A : never;

/** Contracts under their own names. */
type Contracts = Readonly<Record<string, TaskContract>>;

/** Ends when somebody else updates the task, and not before; their output, of this schema, takes the place of its own. */
interface AsyncComplete<C extends z.ZodType> {
  asyncComplete: C;
}

/** The tasks that hold no other tasks, but for those of models. */
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
   * DYNAMIC: executed by the worker whose task `chosen` names at run time. Each name it can have is given with its contract; the
   * input has to fit all of them, and no contract may refuse the name beside it, `dynamicTaskName`. A name that is none of them
   * would wait for a worker for ever: where it comes from outside, use `switch`.
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
          `"${ref}" calls the task ${contract.name} "${name}"; the server knows its own name only.`,
        );
      }
      if (isStrict(contract.input))
        throw this.build.mistake(`"${name}" would refuse the name that "${ref}" adds to its input.`);
    }
    const [first] = Object.values<TaskContract>(contracts);
    if (first === undefined) throw this.build.mistake(`"${ref}" has no task to choose from.`);
    const parameters = toParameters(input, first.input);
    this.build.refuseNames(ref, parameters, ['dynamicTaskName']);
    const task = plain.task(ref, 'DYNAMIC', { ...parameters, dynamicTaskName: chosen });
    this.push({ ...task, dynamicTaskNameParam: 'dynamicTaskName', ...placement });
    return step(ref);
  }

  /**
   * SUB_WORKFLOW: runs another workflow, in the version it has here, and goes on when it has ended. It fails when that fails; then it
   * is not retried unless `retryCount` says so, a minute later.
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
   * HTTP: executed by the server. It fails on every answer of 400 and above and then holds no status code, so it serves where
   * only success goes on; to branch on the status, use the `http_request` worker.
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
        `the address of "${ref}" holds ${refused}, which the server encodes itself; write it plainly, or call with the http_request worker.`,
      );
    }
    const input = { http_request: httpRequest(request) };
    return this.add(ref, this.build.use(policy), 'HTTP', input, { ...placement, ...completion(request) });
  }

  /** EVENT: tells event handlers, and goes on. The output is the payload with what the server adds. */
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

  /** KAFKA_PUBLISH: sends a message as JSON, and goes on when the broker has confirmed it. It has no output. */
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

  /** INLINE: a JavaScript expression that the server evaluates over `$`, its inputs. 4 s at most; no I/O. Never retried. */
  inline<O extends z.ZodType, F extends boolean = false>(
    ref: string,
    { inputs, output: _, script }: { inputs: ScriptInputs; output: O; script: string },
    placement: TaskPlacement<F> = {},
  ): Step<Placed<{ result: z.output<O> }, F>> {
    this.build.refuseNames(ref, inputs, plain.INLINE_NAMES);
    this.push({ ...plain.inline(ref, inputs, this.script(script)), ...placement });
    return step(ref);
  }

  /** JSON_JQ_TRANSFORM: a jq query over its inputs. `result` is the first value it yields. Never retried. */
  jq<O extends z.ZodType, F extends boolean = false>(
    ref: string,
    { inputs, output: _, query }: { inputs: ScriptInputs; output: O; query: string },
    placement: TaskPlacement<F> = {},
  ): Step<Placed<{ result: z.output<O> }, F>> {
    this.build.refuseNames(ref, inputs, plain.JQ_NAMES);
    this.push({ ...plain.jq(ref, inputs, this.script(query)), ...placement });
    return step(ref);
  }

  /** SET_VARIABLE: sets some of the workflow's variables; all of them together may hold 256 KB. */
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
   * WAIT for a time, until a time (`2026-11-21 09:30 UTC`; one that has passed is over at once), or, with neither, for a signal; what
   * the signal carries is the output.
   */
  wait<O extends z.ZodType>(
    ref: string,
    wait: { seconds: number } | { until: string } | { signal: O },
  ): Step<z.output<O>> {
    if ('seconds' in wait) this.build.count(ref, 'seconds', wait.seconds);
    if ('until' in wait && !plain.isServerTime(wait.until)) {
      throw this.build.mistake(`"${ref}" waits until "${wait.until}"; write it like 2026-11-21 09:30 UTC.`);
    }
    this.push(plain.wait(ref, 'signal' in wait ? {} : wait));
    return step(ref);
  }

  /** HUMAN: waits until a person completes it; what they enter is the output. `about` is what they are shown. */
  human<O extends z.ZodType, F extends boolean = false>(
    ref: string,
    { about }: { about: Readonly<Record<string, unknown>> & Spelled; output: O },
    placement: TaskPlacement<F> = {},
  ): Step<Placed<z.output<O>, F>> {
    return this.add(ref, ref, 'HUMAN', about, placement);
  }

  /**
   * Any task, as plain JSON: what a definition from elsewhere holds and no other method says. Nothing of it is checked but its
   * references, and what it does is the server's affair.
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

/** The references of a task and of all tasks inside it, except those in `known` lists. */
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
