import { holding } from './shared/holding.ts';

/** Used by tests whose task takes longer than its lease. */
export default holding('acceptance_beat', { retryCount: 3, retryDelaySeconds: 1, responseTimeoutSeconds: 3 });
