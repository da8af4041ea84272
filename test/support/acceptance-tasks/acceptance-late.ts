import { echo } from './shared/echo.ts';

/** A second task type that answers at once, for tests that need two such types. */
export default echo('acceptance_late');
