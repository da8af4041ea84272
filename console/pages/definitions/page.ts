import { definePage } from '../../parts/frame/define-page.ts';
import { Definitions } from './definitions.ts';

export default definePage({
  path: '/definitions',
  title: 'Definitions',
  View: Definitions,
  rail: {
    order: 40,
    key: 'd',
    icon: 'M6 2.5h4v3H6zM2 10.5h4v3H2zM10 10.5h4v3h-4zM8 5.5V8M4 10.5V8h8v2.5',
    isShown: ({ tools }) => tools.includes('list_workflows'),
  },
});
