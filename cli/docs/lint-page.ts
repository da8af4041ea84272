import { taskDefRules, workflowRules } from '../../workflows/lint/lint.ts';

/** `docs/lint.md`, made from the rules. A unit test compares it with the file. */
export function lintMarkdown(): string {
  const section = (title: string, rules: readonly RuleText[]) =>
    [`## ${title}`, ...rules.map(ruleSection)].join('\n\n');
  const sections = [section('Workflow definitions', workflowRules), section('Task definitions', taskDefRules)];
  return `${[LINT_INTRODUCTION, ...sections].join('\n\n')}\n`;
}

const LINT_INTRODUCTION = `# What lint looks for

Made by \`npm run docs\` from \`workflows/lint/rules/\`; do not edit.

\`fleet lint\` reads definitions as plain JSON, whoever wrote them, and says what Conductor OSS would refuse, fail, or do differently from
what they seem to say. An **error** is refused by the server or cannot do what it says; a **warning** runs, with a risk. What passes without
an error registers, and does not hang for want of form. Rules that have to know other definitions are silent about what they do not know:
\`--server\` asks the server. \`--rule\` and \`--ignore\` take the ids below.`;

type RuleText = Pick<(typeof workflowRules)[number], 'id' | 'severity' | 'summary' | 'reason' | 'repair'>;

function ruleSection({ id, severity, summary, reason, repair }: RuleText): string {
  return `### \`${id}\` (${severity})\n\n${summary.charAt(0).toUpperCase()}${summary.slice(1)}.\n\n- Why: ${reason}\n- Repair: ${repair}`;
}
