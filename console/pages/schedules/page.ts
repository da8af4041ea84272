import { definePage } from '../../parts/frame/define-page.ts';
import { Schedules } from './schedules.ts';

export default definePage({
  path: '/schedules',
  title: 'Schedules',
  View: Schedules,
  rail: {
    order: 60,
    key: 's',
    icon: 'M8 2.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11M8 5v3.2l2.2 1.4',
    isShown: ({ topics }) => topics.includes('schedules'),
  },
});
