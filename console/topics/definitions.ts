import { z } from 'zod';
import { clip } from '../../core/text.ts';
import { defineTopic } from '../server/define-topic.ts';
import { readDefinitions } from '../server/reading/definitions.ts';
import type { DefinitionList } from '../shared/definition-detail.ts';

const DESCRIPTION_LIMIT = 200;

export default defineTopic({
  name: 'definitions',
  permission: 'workflows:read',
  sameAs: ['list_workflows'],
  params: z.object({}),
  everyMs: () => 3000,
}).reader(async (_params, context): Promise<DefinitionList & Record<string, unknown>> => {
  const { index, names, defs } = await readDefinitions(context);
  const rows = names.map((name) => {
    const description = defs.get(name)?.description?.trim();
    const versions = (index.get(name) ?? []).map(({ version }) => version);
    return { id: name, versions, ...(description && { description: clip(description, DESCRIPTION_LIMIT) }) };
  });
  return { rows };
});
