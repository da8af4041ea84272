import { echo } from './shared/echo.ts';

/** A second type that answers at once, for tests that need two. */
export default echo('acceptance_late');
