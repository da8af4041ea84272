import { REFUSED, type Row } from '../route.ts';

/** Routes of the server itself. */
// biome-ignore format: a table with a route in each row
export const serverRoutes: readonly Row[] = [
  // The server itself
  ['getServerConfig', 'GET /admin/config', 'tasks:read', 'object',
    'All properties of the server, passwords included.', { refused: 'the configuration of the server holds passwords' }],
  ['requeueSweep', 'POST /admin/sweep/requeue/{workflowId}', 'workflows:execute', 'text', 'Queue up all the running workflows for sweep.'],
  ['verifyAndRepairWorkflow', 'POST /admin/consistency/verifyAndRepair/{workflowId}', 'workflows:execute', 'text',
    'Verify and repair workflow consistency.', { destructive: true, trap: 'Switched off on most servers: 500.' }],
  ['getEventQueues', 'GET /admin/queues?verbose:boolean', 'tasks:read', 'object', 'Get registered queues.'],
  ['listEnvironment', 'GET /environment', 'workflows:read', 'array', 'Values of the environment.', { refused: REFUSED.environment }],
  ['getEnvironmentValue', 'GET /environment/{key}', 'workflows:read', 'text', 'A value of the environment.', { refused: REFUSED.environment }],
  ['getHealth', 'GET /health', 'workflows:read', 'object', 'Health of the server, static: it does not look at the database.'],
  ['getVersion', 'GET /version', 'workflows:read', 'text', "Get the server's version."],
  ['getModelProviders', 'GET /providers/status', 'workflows:read', 'object',
    'Which model providers are configured.', { trap: 'Asks the providers themselves, which can take long.' }],
  ['listAllSecretNames', 'POST /secrets', 'workflows:execute', 'array', 'Names of all secrets.', { refused: REFUSED.secrets }],
  ['listSecretNames', 'GET /secrets', 'workflows:read', 'array', 'Names of secrets that can be granted.', { refused: REFUSED.secrets }],
  ['listSecrets', 'GET /secrets/v2', 'workflows:read', 'array', 'Names of secrets with remarks.', { refused: REFUSED.secrets }],
  ['getSecret', 'GET /secrets/{key}', 'workflows:read', 'text', 'The value of a secret.', { refused: REFUSED.secrets }],
  ['putSecret', 'PUT /secrets/{key}', 'workflows:execute', 'any', 'Write a secret.', { body: 'text', refused: REFUSED.secrets }],
  ['deleteSecret', 'DELETE /secrets/{key}', 'workflows:execute', 'object', 'Delete a secret.', { refused: REFUSED.secrets }],
  ['hasSecret', 'GET /secrets/{key}/exists', 'workflows:read', 'object', 'Whether there is a secret.', { refused: REFUSED.secrets }],
];
