import { definePage } from '../../parts/frame/define-page.ts';
import { Executions } from './executions.ts';

export default definePage({
  path: '/executions',
  title: 'Executions',
  View: Executions,
  rail: { order: 20, key: 'e', icon: 'M2 4h4M2 8h8M2 12h6M9 4h5M13 8h1M11 12h3' },
  places: [
    { name: 'Failed executions', to: '/executions?status=FAILED,TIMED_OUT' },
    { name: 'Running executions', to: '/executions?status=RUNNING' },
  ],
});
