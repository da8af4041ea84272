import { echo } from './shared/echo.ts';

export default echo('acceptance_echo');
