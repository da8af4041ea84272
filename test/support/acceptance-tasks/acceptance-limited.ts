import { holding } from './shared/holding.ts';

/** Used by tests of the time limit: one attempt may take two seconds. */
export default holding('acceptance_limited', { retryCount: 0, timeoutSeconds: 2, responseTimeoutSeconds: 2 });
