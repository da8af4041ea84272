import { answers, completes, defineScenarios, fails } from 'conductor-fleet';
import handleWorkflowFailure from './handle-workflow-failure.ts';

const input = {
  workflowId: 'w-1',
  reason: 'the service is down',
  failedWorkflow: { workflowId: 'w-1' },
  shopUrl: 'http://shop',
};
const logged = completes({ loggedAt: '2026-11-21T10:00:00Z' });

export default defineScenarios(handleWorkflowFailure, {
  'logs the failure, sends a notification and cleans up': {
    input,
    tasks: { log: logged, notify: answers(202, {}), clean_up: answers(204, null) },
    expect: {
      status: 'COMPLETED',
      output: { failedWorkflowId: 'w-1', loggedAt: '2026-11-21T10:00:00Z', notified: 202, cleaned: 204 },
      ran: ['log', 'notify', 'clean_up'],
      inputs: {
        notify: {
          http_request: {
            method: 'POST',
            uri: 'http://shop/notifications',
            headers: { 'Idempotency-Key': 'w-1:failed' },
            body: { workflowId: 'w-1', reason: 'the service is down' },
          },
        },
        clean_up: { http_request: { method: 'DELETE', uri: 'http://shop/cleanup/w-1' } },
      },
    },
  },
  'retries each step': {
    input,
    tasks: {
      log: [fails('the disk is full'), logged],
      notify: [fails('503'), answers(202, {})],
      clean_up: [fails('503'), fails('503'), answers(204, null)],
    },
    expect: { status: 'COMPLETED', attempts: { log: 2, notify: 2, clean_up: 3 } },
  },
  'fails if the notification cannot be sent': {
    input,
    tasks: { log: logged, notify: fails('503 Service Unavailable') },
    expect: { status: 'FAILED', reason: '503 Service Unavailable', attempts: { notify: 4 }, notRan: ['clean_up'] },
  },
});
