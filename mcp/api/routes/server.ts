import { type Route, route } from '../route.ts';

/** Routes about the server itself. */
export const server: readonly Route[] = [
  route(
    'getServerConfig',
    'GET /api/admin/config',
    'All properties of the server, passwords included.',
    'tasks:read',
    'object',
    { refused: 'the configuration of the server holds passwords' },
  ),
  route(
    'requeueSweep',
    'POST /api/admin/sweep/requeue/{workflowId}',
    'Queue up all the running workflows for sweep.',
    'workflows:execute',
    'text',
  ),
  route(
    'verifyAndRepairWorkflow',
    'POST /api/admin/consistency/verifyAndRepair/{workflowId}',
    'Verify and repair workflow consistency.',
    'workflows:execute',
    'text',
    { destructive: true, trap: 'Switched off on most servers: 500.' },
  ),
  route('getEventQueues', 'GET /api/admin/queues', 'Get registered queues.', 'tasks:read', 'object', {
    query: { verbose: 'boolean' },
  }),
  route('listEnvironment', 'GET /api/environment', 'Values of the environment.', 'workflows:read', 'array', {
    refused: 'values of the environment can be secrets',
  }),
  route('getEnvironmentValue', 'GET /api/environment/{key}', 'A value of the environment.', 'workflows:read', 'text', {
    refused: 'values of the environment can be secrets',
  }),
  route(
    'getHealth',
    'GET /api/health',
    'Health of the server, static: it does not look at the database.',
    'workflows:read',
    'object',
  ),
  route('getVersion', 'GET /api/version', "Get the server's version.", 'workflows:read', 'text'),
  route(
    'getModelProviders',
    'GET /api/providers/status',
    'Which model providers are configured.',
    'workflows:read',
    'object',
    { trap: 'Asks the providers themselves, which can take long.' },
  ),
  route('listAllSecretNames', 'POST /api/secrets', 'Names of all secrets.', 'workflows:execute', 'array', {
    refused: 'secrets are for workers and the person who runs the server',
  }),
  route('listSecretNames', 'GET /api/secrets', 'Names of secrets that can be granted.', 'workflows:read', 'array', {
    refused: 'secrets are for workers and the person who runs the server',
  }),
  route('listSecrets', 'GET /api/secrets/v2', 'Names of secrets with remarks.', 'workflows:read', 'array', {
    refused: 'secrets are for workers and the person who runs the server',
  }),
  route('getSecret', 'GET /api/secrets/{key}', 'The value of a secret.', 'workflows:read', 'text', {
    refused: 'secrets are for workers and the person who runs the server',
  }),
  route('putSecret', 'PUT /api/secrets/{key}', 'Write a secret.', 'workflows:execute', 'any', {
    body: 'text',
    refused: 'secrets are for workers and the person who runs the server',
  }),
  route('deleteSecret', 'DELETE /api/secrets/{key}', 'Delete a secret.', 'workflows:execute', 'object', {
    destructive: true,
    refused: 'secrets are for workers and the person who runs the server',
  }),
  route('hasSecret', 'GET /api/secrets/{key}/exists', 'Whether there is a secret.', 'workflows:read', 'object', {
    refused: 'secrets are for workers and the person who runs the server',
  }),
];
