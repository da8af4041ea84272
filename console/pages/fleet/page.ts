import { definePage } from '../../parts/frame/define-page.ts';
import { Fleet } from './fleet.ts';

export default definePage({
  path: '/fleet',
  title: 'Fleet',
  View: Fleet,
  rail: {
    order: 50,
    key: 'f',
    icon: 'M2.5 3h11v4h-11zM2.5 9h11v4h-11zM5 5h.1M5 11h.1',
    isShown: ({ topics }) => topics.includes('fleet'),
  },
});
