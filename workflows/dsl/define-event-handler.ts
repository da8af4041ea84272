import type { z } from 'zod';
import type { EventHandlerDef } from '../../core/conductor/types.ts';
import type { EventHandler, Workflow } from '../../core/contract.ts';
import { FleetError } from '../../core/errors.ts';
import { requireReachableName } from '../../core/names.ts';
import { type Refs, refs, toJson, toParameters, type Wired } from './refs.ts';

/** An event handler without its action: which events it receives, and which of their fields it reads. */
export interface EventHandlerSpec<P extends z.ZodObject> {
  /** The name of the handler, unique on the server. The file has the same name. */
  name: string;
  description: string;
  /** The sink of a workflow's EVENT task, written without `conductor:`; or a queue of another system, e.g. `kafka:orders`. */
  event: { workflow: Workflow; sink: string } | string;
  /** The fields of the event that the handler reads. The server does not check them. */
  payload: P;
  /** JavaScript that reads the payload and selects events, e.g. `$.kind == "go"`. Default: the handler acts on every event. */
  condition?: string;
  /** Default true. */
  active?: boolean;
}

/** The fields that the server adds to the payload of an EVENT task. */
interface Sender {
  workflowInstanceId: string;
  workflowType: string;
  workflowVersion: number;
  correlationId: string | null;
}

/** References to the fields of an event, for the input of an action. */
export type Payload<P extends z.ZodObject> = {
  readonly [K in keyof (z.output<P> & Sender)]: Refs<(z.output<P> & Sender)[K]>;
};

/** The waiting task to complete or fail, and its output. For a task in a loop, this is the task of the latest round. */
export interface TaskEnd {
  workflowId: Wired<string>;
  taskReferenceName: Wired<string>;
  output?: Record<string, Wired<unknown>>;
}

/**
 * What a handler does with an event. Each handler has a single action. If the server delivers an event twice, it repeats only this action.
 */
export interface EventActions<P extends z.ZodObject> {
  /** Starts a workflow in the version that is registered with the handler. */
  start<I extends z.ZodObject>(
    workflow: Workflow<I>,
    input: (event: Payload<P>) => Wired<z.input<I>>,
    correlationId?: (event: Payload<P>) => Wired<string>,
  ): EventHandler;
  /** Completes a waiting task. */
  completeTask(task: (event: Payload<P>) => TaskEnd): EventHandler;
  /** Fails a waiting task. */
  failTask(task: (event: Payload<P>) => TaskEnd & { reason?: Wired<string> }): EventHandler;
}

/**
 * Declares an event handler. `.start(…)`, `.completeTask(…)` or `.failTask(…)` says what the handler does with an event. A new handler
 * receives its first event after up to one minute. Events that were sent before that are not lost.
 */
export function defineEventHandler<P extends z.ZodObject>(spec: EventHandlerSpec<P>): EventActions<P> {
  requireReachableName('event handler', spec.name);
  const payload = payloadOf(spec);
  const withAction = (action: Record<string, unknown> & { action: string }): EventHandler => {
    const { name, description, condition, active = true } = spec;
    const def: EventHandlerDef = {
      name,
      event: eventOf(spec),
      active,
      ...(condition !== undefined && { condition }),
      actions: [action],
    };
    return { kind: 'event-handler', name, description, def };
  };
  return {
    start: (workflow, input, correlationId) =>
      withAction({
        action: 'start_workflow',
        start_workflow: {
          name: workflow.name,
          version: workflow.version,
          input: toParameters(input(payload), workflow.input),
          ...(correlationId && { correlationId: toJson(correlationId(payload)) }),
        },
      }),
    completeTask: (task) => withAction({ action: 'complete_task', complete_task: taskOf(task(payload)) }),
    failTask: (task) => {
      const { reason, ...end } = task(payload);
      const reasonForIncompletion = toJson(reason);
      return withAction({
        action: 'fail_task',
        fail_task: { ...taskOf(end), ...(reasonForIncompletion !== undefined && { reasonForIncompletion }) },
      });
    },
  };
}

function eventOf({ name, event }: Pick<EventHandlerSpec<z.ZodObject>, 'name' | 'event'>): string {
  const text = typeof event === 'string' ? event : `conductor:${event.workflow.name}:${event.sink}`;
  if (/^\w+:\S/.test(text)) return text;
  throw new FleetError('config', `Event handler ${name}: "${text}" is not an event.`, {
    remedy: 'Begin with the kind of queue, e.g. kafka:orders.',
  });
}

/** In an event handler, an expression begins with a key of the payload. So each key is a reference of its own. */
function payloadOf<P extends z.ZodObject>({ name, payload }: EventHandlerSpec<P>): Payload<P> {
  const keys = [
    ...Object.keys(payload.shape),
    'workflowInstanceId',
    'workflowType',
    'workflowVersion',
    'correlationId',
  ];
  const odd = keys.find((key) => !/^\w+$/.test(key));
  if (odd !== undefined) {
    throw new FleetError(
      'config',
      `Event handler ${name}: the server cannot read the field ${JSON.stringify(odd)} of an event. Use letters, digits and _.`,
    );
  }
  return Object.fromEntries(keys.map((key) => [key, refs(key)])) as Payload<P>; // `payload` has exactly the keys of the type
}

function taskOf({ workflowId, taskReferenceName, output = {} }: TaskEnd): Record<string, unknown> {
  return { workflowId: toJson(workflowId), taskRefName: toJson(taskReferenceName), output: toJson(output) };
}
