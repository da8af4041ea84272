import type { Spelled, Wired } from '../refs.ts';

/** An event with its destination and payload. */
export interface EventRequest {
  /**
   * `conductor:NAME` reaches the event handlers of `conductor:WORKFLOW:NAME`, where WORKFLOW is the name of this workflow. Other sinks,
   * such as `kafka:TOPIC`, need a server with that module.
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
  /** Without a key, the server writes the text "null". */
  key?: Wired<string>;
  headers?: Record<string, Wired<string>>;
  /** Time limit for the confirmation of the broker, in milliseconds. Default 5,000. */
  requestTimeoutMs?: number;
  /** Time limit for reaching a broker, in milliseconds. Default 5,000. */
  maxBlockMs?: number;
}

/** The limits are always written: the server's defaults of 0.1 s and 0.5 s are too short. */
export function kafkaRequest({ requestTimeoutMs = 5_000, maxBlockMs = 5_000, ...message }: KafkaMessage): object {
  return { ...message, requestTimeoutMs, maxBlockMs };
}
