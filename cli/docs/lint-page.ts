import { taskDefRules, workflowRules } from '../../workflows/lint/lint.ts';

/** The page `docs/lint.md`, made from the rules. A unit test compares this text with the file. */
export function lintMarkdown(): string {
  const section = (title: string, rules: readonly RuleText[]) =>
    [`## ${title}`, ...rules.map(ruleSection)].join('\n\n');
  const sections = [section('Workflow definitions', workflowRules), section('Task definitions', taskDefRules)];
  return `${[LINT_INTRODUCTION, ...sections].join('\n\n')}\n`;
}

const LINT_INTRODUCTION = `# What lint looks for

\`npm run docs\` makes this page from \`workflows/lint/rules/\`; do not edit it.

\`fleet lint\` reads definitions as plain JSON and reports what Conductor OSS rejects, fails, or does differently from what is written.

- An **error** means that the server rejects the definition, or that the definition cannot work as written.
- A **warning** means that the definition runs, with a risk.

A definition without an error registers and does not hang because of its form. Some rules need other definitions, and report nothing about
definitions they do not know; with \`--server\`, they ask the server. \`--rule\` and \`--ignore\` take the ids below.`;

type RuleText = Pick<(typeof workflowRules)[number], 'id' | 'severity' | 'summary' | 'reason' | 'repair'>;

function ruleSection({ id, severity, summary, reason, repair }: RuleText): string {
  return `### \`${id}\` (${severity})\n\n${summary.charAt(0).toUpperCase()}${summary.slice(1)}.\n\n- Why: ${reason}\n- Repair: ${repair}`;
}
