import { definePage } from '../../parts/frame/define-page.ts';
import { Home } from './home.ts';

export default definePage({
  path: '/',
  title: 'Home',
  View: Home,
  rail: { order: 10, key: 'h', icon: 'M2.5 7.5 8 3l5.5 4.5V13h-4V9.5h-3V13h-4z' },
});
