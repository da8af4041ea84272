import { holding } from './shared/holding.ts';

/** For tasks whose workflow is terminated. */
export default holding('acceptance_cancel', { retryCount: 0, responseTimeoutSeconds: 30 });
