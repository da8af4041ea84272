import { definePage } from '../../parts/frame/define-page.ts';
import { Definition } from './definition.ts';

export default definePage({
  path: '/definitions/:name',
  title: 'Definition',
  View: Definition,
  below: '/definitions',
});
