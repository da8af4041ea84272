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

\`fleet lint\` reads definitions as plain JSON and reports what Conductor OSS rejects, what fails at run time, and
what behaves differently from what is written.

- An **error** means that the server rejects the definition, or that the definition cannot work as written.
- A **warning** means that the definition runs, but with a risk.

The server registers a definition without errors, and no execution hangs because of the form of the definition. Some rules need other
definitions. They report nothing about a definition that they do not know, or ask the server with \`--server\`. \`--rule\` and \`--ignore\`
take the ids below.`;

type RuleText = Pick<(typeof workflowRules)[number], 'id' | 'severity' | 'summary' | 'reason' | 'repair'>;

function ruleSection({ id, severity, summary, reason, repair }: RuleText): string {
  return `### \`${id}\` (${severity})\n\n${summary.charAt(0).toUpperCase()}${summary.slice(1)}.\n\n- Why: ${reason}\n- Repair: ${repair}`;
}
