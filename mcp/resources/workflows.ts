import { z } from 'zod';
import { isLock } from '../../core/conductor/lock-names.ts';
import { instant } from '../../core/text.ts';
import { defineResource } from '../reading/define-resource.ts';
import { quoteIfUnusual } from '../shared/quote.ts';

export default defineResource({
  name: 'workflows',
  title: 'Workflows',
  description: 'Every registered workflow with its versions, and the time at which the highest version was stored.',
  uriTemplate: 'conductor://workflows',
  mimeType: 'text/plain',
  permission: 'workflows:read',
  params: z.strictObject({}),
}).reader(async (_params, { definitions }) => {
  const rows = [...(await definitions.index())]
    .filter(([name]) => !isLock(name))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, versions]) => {
      const storedAt = versions.at(-1)?.updateTime;
      return `${quoteIfUnusual(name)} | ${versions.map(({ version }) => version).join(',')} | ${storedAt ? instant(storedAt) : ''}`;
    });
  return { text: ['name | versions | stored', ...rows].join('\n') };
});
