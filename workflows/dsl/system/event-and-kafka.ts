import type { Spelled, Wired } from '../refs.ts';

/** An event: where it goes, and what it says. */
export interface EventRequest {
  /**
   * `conductor:NAME` reaches the event handlers of `conductor:WORKFLOW:NAME`, where WORKFLOW is this workflow's name. Others, such as
   * `kafka:TOPIC`, need a server with that module.
   */
  sink: `${string}:${string}`;
  payload: Readonly<Record<string, unknown>> & Spelled;
}

/** What the server adds to the payload of an event. */
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
  /** The server writes the text "null" for a message without one. */
  key?: Wired<string>;
  headers?: Record<string, Wired<string>>;
  /** How long the broker may take to confirm, in milliseconds. Default 5,000. */
  requestTimeoutMs?: number;
  /** How long to wait for a broker, in milliseconds. Default 5,000. */
  maxBlockMs?: number;
}

/** The limits are written out, because the server's own are 0.1 s and 0.5 s. */
export function kafkaRequest({ requestTimeoutMs = 5_000, maxBlockMs = 5_000, ...message }: KafkaMessage): object {
  return { ...message, requestTimeoutMs, maxBlockMs };
}
