import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { flagName } from '../core/config.ts';
import { type Group, groups, type Setting, settingList } from '../core/settings/index.ts';
import { taskDefRules, workflowRules } from '../workflows/lint/index.ts';
import { loadWorkflows } from './content.ts';
import { workflowPages } from './workflow-pages.ts';

/** A file that `npm run docs` writes, with its path from the root of the repository. */
export interface GeneratedFile {
  path: string;
  text: string;
}

/** Every generated part of `docs/`. A unit test compares them with the files. */
export async function generatedFiles(): Promise<GeneratedFile[]> {
  return [
    { path: 'docs/configuration.md', text: configurationMarkdown() },
    { path: 'docs/lint.md', text: lintMarkdown() },
    ...workflowPages(await loadWorkflows()).map(({ name, text }) => ({ path: `docs/workflows/${name}`, text })),
  ];
}

/** Folders that hold generated files only, so that one which is not made any more is removed. */
export const GENERATED_FOLDERS = ['docs/workflows'];

/** `docs/configuration.md`, made from the table of settings. */
export function configurationMarkdown(): string {
  const sections = (Object.entries(groups) as [Group, string][]).map(([group, title]) => {
    const rows = settingList
      .filter(([, setting]) => setting.group === group)
      .map(([key, setting]) => row(key, setting));
    return [
      `## ${title}`,
      '',
      '| environment | flag | key in the file | default | meaning |',
      '| --- | --- | --- | --- | --- |',
      ...rows,
    ].join('\n');
  });
  return `${[INTRODUCTION, ...sections].join('\n\n')}\n`;
}

const INTRODUCTION = `# Configuration

Made by \`npm run docs\` from \`core/settings/\`; do not edit.

A setting is taken from its flag, else from the environment, else from the JSON file behind \`--config\`, else from its default.
A value that does not fit, or a key that does not exist, ends the command with exit code 2 and a sentence for every mistake.
Secrets have no flag, because the arguments of a process can be read by everybody on the machine.`;

function row(key: string, setting: Setting): string {
  const parsed = setting.schema.safeParse(undefined);
  const value = parsed.success ? parsed.data : undefined;
  const shown =
    value === undefined || (Array.isArray(value) && value.length === 0) ? '' : `\`${JSON.stringify(value)}\``;
  const flag = flagName(setting);
  const text = setting.description.replaceAll('|', '\\|');
  return `| \`${setting.env}\` | ${flag ? `\`${flag}\`` : ''} | \`${key}\` | ${shown} | ${text} |`;
}

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

async function writeAll(): Promise<void> {
  const root = new URL('../', import.meta.url);
  const files = await generatedFiles();
  for (const folder of GENERATED_FOLDERS) {
    mkdirSync(new URL(folder, root), { recursive: true });
    const made = new Set(files.map(({ path }) => path));
    for (const name of readdirSync(new URL(folder, root))) {
      if (!made.has(`${folder}/${name}`)) rmSync(new URL(`${folder}/${name}`, root));
    }
  }
  for (const { path, text } of files) {
    mkdirSync(new URL(dirname(path), root), { recursive: true });
    writeFileSync(new URL(path, root), text);
  }
}

if (import.meta.main) await writeAll();
