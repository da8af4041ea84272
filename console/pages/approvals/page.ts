import { definePage } from '../../parts/frame/define-page.ts';
import { Approvals } from './approvals.ts';
import { Badge } from './badge.ts';

export default definePage({
  path: '/approvals',
  title: 'Approvals',
  View: Approvals,
  rail: {
    order: 30,
    key: 'a',
    icon: 'M3 3.5h10v9H3zM5.5 8l2 2 3.5-4',
    Badge,
    isShown: ({ tools }) => tools.includes('list_pending_approvals'),
  },
});
