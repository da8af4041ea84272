import { z } from 'zod';
import { loadPages } from '../docs/pages.ts';
import { defineResource } from '../reading/define-resource.ts';

export default defineResource({
  name: 'documents',
  title: 'Documents',
  description: 'Every document of this product with its title. conductor://docs/{page} is one of them.',
  uriTemplate: 'conductor://docs',
  mimeType: 'text/plain',
  permission: 'workflows:read',
  params: z.strictObject({}),
}).reader(async () => ({
  text: ['page | title', ...loadPages().map(({ name, title }) => `${name} | ${title}`)].join('\n'),
}));
