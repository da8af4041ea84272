import type { z } from 'zod';
import type { EventHandlerDef } from '../../core/conductor/types.ts';
import type { EventHandler, Workflow } from '../../core/contract.ts';
import { FleetError } from '../../core/errors.ts';
import { type Refs, refs, toJson, toParameters, type Wired } from './refs.ts';

export interface EventHandlerSpec<P extends z.ZodObject> {
  /** Unique on the server; the file is named after it. */
  name: string;
  description: string;
  /** The EVENT task of a workflow by its sink without `conductor:`, or the queue of another system, e.g. `kafka:orders`. */
  event: { workflow: Workflow; sink: string } | string;
  /** What the event carries, as far as the handler reads it. The server does not check it. */
  payload: P;
  /** JavaScript over the payload, e.g. `$.kind == "go"`. Absent: every event. */
  condition?: string;
  /** Default true. */
  active?: boolean;
}

/** What the server adds to the payload of an EVENT task. */
interface Sender {
  workflowInstanceId: string;
  workflowType: string;
  workflowVersion: number;
  correlationId: string | null;
}

/** References to what the event carries. */
export type Payload<P extends z.ZodObject> = {
  readonly [K in keyof (z.output<P> & Sender)]: Refs<(z.output<P> & Sender)[K]>;
};

/** Which task ends, and with what output. Inside a loop it is the task of the latest round. */
export interface TaskEnd {
  workflowId: Wired<string>;
  taskReferenceName: Wired<string>;
  output?: Record<string, Wired<unknown>>;
}

/** What a handler does with an event: one thing, so that a repeated delivery repeats one thing. */
export interface EventActions<P extends z.ZodObject> {
  /** Starts a workflow, in the version that is registered with the handler. */
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
 * What is listened to; then, with `.start(…)`, `.completeTask(…)` or `.failTask(…)`, what is done. A new handler hears its first event
 * after up to a minute; events that were sent meanwhile are not lost.
 */
export function defineEventHandler<P extends z.ZodObject>(spec: EventHandlerSpec<P>): EventActions<P> {
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
  throw new FleetError('config', `Event handler ${name}: "${text}" is no event.`, {
    remedy: 'Write the kind of queue first, e.g. kafka:orders.',
  });
}

/** The server reads paths from the payload itself, so each key is a reference of its own. */
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
    throw new FleetError('config', `Event handler ${name}: ${JSON.stringify(odd)} cannot be read from an event.`);
  }
  return Object.fromEntries(keys.map((key) => [key, refs(key)])) as Payload<P>; // the keys are those of the type
}

function taskOf({ workflowId, taskReferenceName, output = {} }: TaskEnd): Record<string, unknown> {
  return { workflowId: toJson(workflowId), taskRefName: toJson(taskReferenceName), output: toJson(output) };
}
