import { holding } from './shared/holding.ts';

/** For tasks that take longer than their lease. */
export default holding('acceptance_beat', { retryCount: 3, retryDelaySeconds: 1, responseTimeoutSeconds: 3 });
