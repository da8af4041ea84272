import { findWorkflow } from '../../mcp/shared/find-workflow.ts';
import { defineTopic } from '../server/define-topic.ts';
import { definitionParams } from '../server/reading/definition-params.ts';
import { withoutLarge } from '../server/reading/large-values.ts';
import type { DefinitionDrift } from '../shared/definition-detail.ts';

const CHANGES_SHOWN = 60;

export default defineTopic({
  name: 'definition-drift',
  permission: 'workflows:read',
  sameAs: ['diff_workflow'],
  params: definitionParams,
}).reader(async (which, { definitions, ours }): Promise<DefinitionDrift & Record<string, unknown>> => {
  const [def, code] = await Promise.all([findWorkflow(which, definitions), ours()]);
  const own = code.find(({ name }) => name === def.name);
  if (!own) return { total: 0, changes: [], breaks: [] };
  const { compareWorkflows } = await import('../../workflows/manage/compare/compare-workflows.ts');
  const { differences, breaks } = compareWorkflows(def, own);
  const changes = differences.slice(0, CHANGES_SHOWN).map((one) => withoutLarge({ ...one }));
  return { codeVersion: own.version, total: differences.length, changes, breaks };
});
