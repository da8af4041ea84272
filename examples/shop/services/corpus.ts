import type { Page } from './search.ts';

const pages: Record<string, [title: string, snippet: string]> = {
  'durable-execution': [
    'What durable execution means',
    'A durable workflow keeps its state outside of the process that runs it. When a process dies, another one continues after the last finished step instead of starting over.',
  ],
  conductor: [
    'Conductor OSS in one paragraph',
    'Conductor is an open-source workflow engine. Its server stores every execution and schedules tasks; workers in any language poll for tasks over HTTP and report results.',
  ],
  workers: [
    'Polling workers',
    'A worker asks the server for tasks in batches, executes them and sends the results. Workers keep no state, so you can start more of them to share the load.',
  ],
  lease: [
    'Leases and response timeouts',
    'A polled task belongs to its worker for responseTimeoutSeconds. If no answer arrives in that time, the server hands the task to another worker.',
  ],
  retries: [
    'Retry policies',
    'A task definition says how often a failed task is retried and after which delay: fixed, with linear backoff or with exponential backoff. Retries should always be bounded.',
  ],
  idempotency: [
    'Idempotency keys',
    'Durable systems deliver at least once. A side effect carries an idempotency key, so that the service on the other end performs the effect only once, even if the request is repeated.',
  ],
  saga: [
    'Sagas and compensation',
    'A saga undoes finished steps in reverse order when a later step fails: release the inventory, refund the payment, notify the customer. Each compensation has to be safe to repeat.',
  ],
  'failure-workflow': [
    'Failure workflows',
    'A workflow definition can name a failureWorkflow. The server starts it with the failed execution and the reason, for clean-up, alerts and compensation.',
  ],
  loops: [
    'Loops in workflows',
    'A DO_WHILE task repeats its inner tasks while a condition holds. Each round is stored, so an agent loop survives a crash. The condition also limits the number of rounds.',
  ],
  agents: [
    'AI agents as workflows',
    'An agent is a loop: a language model decides on the next tool, the tool is called, its finding is added to the context. If an agent runs as a durable workflow, the server records every decision and tool call, so the agent can be resumed.',
  ],
  mcp: [
    'Model Context Protocol',
    'MCP is a protocol between AI applications and servers that offer tools, resources and prompts. Transports are stdio and Streamable HTTP.',
  ],
  fork: [
    'Fork and join',
    'FORK_JOIN runs branches in parallel, and JOIN waits for them. A dynamic fork decides at run time how many branches there are.',
  ],
  timeouts: [
    'Timeouts of tasks and workflows',
    'timeoutSeconds limits one attempt of a task, and for a workflow the whole execution. A policy says whether to retry, to end the workflow, or only to alert.',
  ],
  queues: [
    'Queue depth as a scaling signal',
    'Each task type has a queue. If its depth grows, workers are too few or too slow; start more worker processes until throughput matches the arrival rate.',
  ],
};

/** The pages of the search service. */
export const corpus: readonly Page[] = Object.entries(pages).map(([id, [title, snippet]]) => ({
  title,
  snippet,
  source: `corpus:${id}`,
}));
