import { z } from 'zod';
import { findPage, findSection, loadPages } from '../docs/pages.ts';
import type { Completer } from '../reading/completers.ts';
import { defineResource } from '../reading/define-resource.ts';

const pages: Completer = async () => loadPages().map(({ name }) => name);

const sections: Completer = async ({ page: name }) => {
  const page = loadPages().find((one) => one.name === name);
  return page?.sections.map(({ anchor }) => anchor) ?? [];
};

export default defineResource({
  name: 'document',
  title: 'Document',
  description: 'A document of this product, or one of its sections: guide, reference, lint rules, settings, workflows.',
  uriTemplate: 'conductor://docs/{page}{?section}',
  mimeType: 'text/markdown',
  permission: 'workflows:read',
  params: z.strictObject({ page: z.string().min(1).max(100), section: z.string().min(1).max(200).optional() }),
  complete: { page: pages, section: sections },
}).reader(async ({ page: name, section }) => {
  const page = findPage(name);
  return { text: section === undefined ? page.text : findSection(page, section).text };
});
