import { FleetError } from '../../core/errors.ts';
import { findWorkflow } from '../../mcp/shared/find-workflow.ts';
import type { Finding } from '../../workflows/lint/lint.ts';
import { defineTopic } from '../server/define-topic.ts';
import { definitionParams } from '../server/reading/definition-params.ts';
import type { DefinitionFindings, FindingShown } from '../shared/definition-detail.ts';

const MOST_FINDINGS = 200;
/** A finding can depend on other definitions. */
const CHECKED_FOR_MS = 60_000;

export default defineTopic({
  name: 'definition-findings',
  permission: 'workflows:read',
  sameAs: ['validate_workflow'],
  params: definitionParams,
}).reader(async (which, { conductor, definitions, keep }): Promise<DefinitionFindings & Record<string, unknown>> => {
  const def = await findWorkflow(which, definitions);
  const { checkDefinition } = await import('../../mcp/authoring/check-definition.ts');
  const mark = JSON.stringify([def.name, def.version, def.updateTime]);
  try {
    const findings = await keep(`findings ${mark}`, CHECKED_FOR_MS, () => checkDefinition(def, conductor));
    const errors = findings.filter(({ severity }) => severity === 'error');
    const others = findings.filter(({ severity }) => severity !== 'error');
    return { findings: [...errors, ...others].slice(0, MOST_FINDINGS).map(shownOf) };
  } catch (error) {
    // The definition is too large to check.
    if (error instanceof FleetError && error.code === 'input') return { findings: [], unchecked: error.message };
    throw error;
  }
});

function shownOf({ severity, rule, pointer, taskReferenceName, message, reason, repair }: Finding): FindingShown {
  const ref = taskReferenceName === undefined ? {} : { ref: taskReferenceName };
  return { id: `${rule} ${pointer}`, severity, rule, place: pointer || '/', ...ref, message, reason, repair };
}
