import { definePage } from '../../parts/frame/define-page.ts';
import { Audit } from './audit.ts';

export default definePage({
  path: '/audit',
  title: 'Audit',
  View: Audit,
  rail: {
    order: 90,
    key: 'l',
    icon: 'M4 2.5h6l2.5 2.5v8.5h-8.5zM6 7h4M6 9.5h4',
    isShown: ({ topics }) => topics.includes('audit'),
  },
  places: [{ name: 'Refused requests', to: '/audit?decision=refused' }],
});
