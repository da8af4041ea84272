import type { StoredWorkflowDef } from '../../core/conductor/types.ts';
import { findWorkflow } from '../../mcp/shared/find-workflow.ts';
import { type Pin, pinsIn } from '../../workflows/manage/decide/pins.ts';
import { defineTopic } from '../server/define-topic.ts';
import { definitionParams } from '../server/reading/definition-params.ts';
import { readDefinitions } from '../server/reading/definitions.ts';
import { formFieldsOf } from '../server/reading/form-fields.ts';
import { definitionPictureOf } from '../server/reading/picture.ts';
import type { CallerRow, DefinitionDetail } from '../shared/definition-detail.ts';

export default defineTopic({
  name: 'definition',
  permission: 'workflows:read',
  sameAs: ['get_workflow', 'list_workflows'],
  params: definitionParams,
  everyMs: () => 3000,
}).reader(async (which, context): Promise<DefinitionDetail & Record<string, unknown>> => {
  const def = await findWorkflow(which, context.definitions);
  const { index, names, defs } = await readDefinitions(context);
  const { name, version, description } = def;
  const storedAt = timeOf(def.updateTime) ?? timeOf(def.createTime);
  return {
    ...{ name, version, versions: (index.get(name) ?? []).map((one) => one.version) },
    ...(description && { description }),
    ...(storedAt !== undefined && { storedAt }),
    picture: definitionPictureOf(def),
    callers: [...defs.values()].flatMap((one) => callersIn(one, name)),
    calls: once(pinsIn(def).map(rowOf)),
    unsearched: names.length - defs.size,
    fields: formFieldsOf(def),
  };
});

/** The places where `def` names the workflow. */
function callersIn(def: StoredWorkflowDef, name: string): CallerRow[] {
  const pins = pinsIn(def).filter((pin) => pin.name === name);
  return once(pins.map((pin) => ({ ...rowOf(pin), name: def.name })));
}

function rowOf({ name, how, version }: Pin): CallerRow {
  return { name, how, ...(version !== undefined && { version }) };
}

/** Equal rows only once. */
function once(rows: readonly CallerRow[]): CallerRow[] {
  return [...new Map(rows.map((row) => [JSON.stringify(row), row])).values()];
}

function timeOf(value: unknown): number | undefined {
  return typeof value === 'number' && value > 0 ? value : undefined;
}
