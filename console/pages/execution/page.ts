import { definePage } from '../../parts/frame/define-page.ts';
import { ExecutionPage } from './execution.ts';

export default definePage({
  path: '/executions/:id',
  title: 'Execution',
  View: ExecutionPage,
  below: '/executions',
});
