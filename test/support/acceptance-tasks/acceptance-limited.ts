import { holding } from './shared/holding.ts';

/** One attempt may take two seconds. */
export default holding('acceptance_limited', { retryCount: 0, timeoutSeconds: 2, responseTimeoutSeconds: 2 });
