import type { Spelled, Wired } from '../refs.ts';

/** An event with its destination and payload. */
export interface EventRequest {
  /**
   * `conductor:NAME` reaches the event handlers of `conductor:WORKFLOW:NAME`, where WORKFLOW is the name of this workflow. Another sink,
   * such as `kafka:TOPIC`, needs a server that has the module for this queue.
   */
  sink: `${string}:${string}`;
  payload: Readonly<Record<string, unknown>> & Spelled;
}

/** The fields that the server adds to the payload of an event. */
export interface EventOutput {
  /** The queue, e.g. `conductor:OrderProcessing:shipped`. */
  event_produced: string;
  workflowInstanceId: string;
  workflowType: string;
  workflowVersion: number;
}

/** Names in a payload that the server would overwrite. */
export const EVENT_NAMES = [
  'sink',
  'asyncComplete',
  'event_produced',
  'workflowInstanceId',
  'workflowType',
  'workflowVersion',
  'correlationId',
  'taskToDomain',
];

/** A message for a Kafka topic. */
export interface KafkaMessage {
  bootStrapServers: Wired<string>;
  topic: Wired<string>;
  value: Wired<unknown>;
  /** If the key is absent, the server writes the text "null" as the key. */
  key?: Wired<string>;
  headers?: Record<string, Wired<string>>;
  /** The longest wait for the confirmation of the broker, in milliseconds. Default 5,000. */
  requestTimeoutMs?: number;
  /** The longest wait until a broker is reached, in milliseconds. Default 5,000. */
  maxBlockMs?: number;
}

/** Always writes both time limits, because the server's defaults of 0.1 s and 0.5 s are too short. */
export function kafkaRequest({ requestTimeoutMs = 5_000, maxBlockMs = 5_000, ...message }: KafkaMessage): object {
  return { ...message, requestTimeoutMs, maxBlockMs };
}
