import { holding } from './shared/holding.ts';

export default holding('acceptance_hold', { retryCount: 3, retryDelaySeconds: 1, responseTimeoutSeconds: 30 });
