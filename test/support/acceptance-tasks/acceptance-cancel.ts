import { holding } from './shared/holding.ts';

/** Used by tests that terminate the workflow of the task. */
export default holding('acceptance_cancel', { retryCount: 0, responseTimeoutSeconds: 30 });
