import { z } from 'zod';
import { FleetError } from '../../core/errors.ts';
import { count } from '../../core/text.ts';
import type { Finding } from '../../workflows/lint/lint.ts';
import { createCall } from '../authoring/create-call.ts';
import { findingLines, findingRows, findingSchema } from '../authoring/findings.ts';
import { defineTool } from '../engine/define-tool.ts';
import { definitionVersion, jsonObject } from '../shared/fields.ts';
import { quoteIfUnusual } from '../shared/quote.ts';

export default defineTool({
  name: 'validate_workflow',
  title: 'Validate workflow',
  description:
    'Checks (lints) a definition or draft for mistakes (errors) without saving anything: whether it is correct, would be accepted, hang or be null at run time, such as references to tasks that do not exist. It names the place and the repair of each. create_workflow registers a definition without errors.',
  toolset: 'author',
  permission: 'workflows:read',
  annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  input: z.strictObject({
    definition: jsonObject.optional().describe('Whole definition in Conductor JSON'),
    name: z.string().min(1).optional().describe('Instead: name of a registered workflow'),
    version: definitionVersion.optional().describe('Default: the highest'),
  }),
  output: z.object({
    valid: z.boolean(),
    errors: z.int(),
    warnings: z.int(),
    findings: z.array(findingSchema),
    fixable: z.int(),
  }),
}).handler(async ({ definition, name, version }, { conductor, definitions, maxResponseBytes }) => {
  if ((definition === undefined) === (name === undefined)) {
    throw new FleetError('input', 'validate_workflow takes either definition or name.', {
      remedy: 'Give one of the two. list_workflows {} lists the registered names.',
    });
  }
  const def = definition ?? (await definitions.get(name ?? '', version));
  const { checkDefinition, hasErrors, repaired, tally } = await import('../authoring/check-definition.ts');
  const findings = await checkDefinition(def, conductor);
  const { def: repairedDef, fixed } = repaired(def, findings);
  const valid = !hasErrors(findings);
  const lines = [`${label(def)}: ${verdict(valid, findings, tally)}`, ...findingLines(findings)];
  if (fixed.length > 0) {
    const call = createCall(repairedDef, { overwrite: name !== undefined }, maxResponseBytes / 4);
    lines.push(
      `${count(fixed.length, 'finding')} can be repaired safely${call ? `: ${call}` : ' by create_workflow with "fix":true.'}`,
    );
  } else if (valid && definition !== undefined) lines.push('Register it with create_workflow.');
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  return {
    text: lines.join('\n'),
    structured: {
      valid,
      errors,
      warnings: findings.length - errors,
      findings: findingRows(findings),
      fixable: fixed.length,
    },
  };
});

function label(def: object): string {
  const { name, version } = def as { name?: unknown; version?: unknown };
  const named = typeof name === 'string' ? quoteIfUnusual(name) : 'The definition';
  return typeof version === 'number' ? `${named} version ${version}` : named;
}

function verdict(valid: boolean, findings: readonly Finding[], tally: (all: readonly Finding[]) => string): string {
  if (findings.length === 0) return 'valid, nothing found.';
  return `${valid ? 'valid' : 'not valid'}, ${tally(findings)}.`;
}
