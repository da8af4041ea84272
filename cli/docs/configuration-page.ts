import { flagName } from '../../core/config.ts';
import { type Group, groups, type Setting, settingList } from '../../core/settings/settings.ts';

/** The page `docs/configuration.md`, made from the table of settings. */
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

\`npm run docs\` makes this page from \`core/settings/\`; do not edit it.

A setting is taken from its flag, else from the environment, else from the JSON file of \`--config\`, else from its default.
An invalid value or an unknown key ends the command with exit code 2 and a sentence for every mistake.
Secrets have no flag, because every user of the machine can read the arguments of a process.`;

function row(key: string, setting: Setting): string {
  const parsed = setting.schema.safeParse(undefined);
  const value = parsed.success ? parsed.data : undefined;
  const shown =
    value === undefined || (Array.isArray(value) && value.length === 0) ? '' : `\`${JSON.stringify(value)}\``;
  const flag = flagName(setting);
  const text = setting.description.replaceAll('|', '\\|');
  return `| \`${setting.env}\` | ${flag ? `\`${flag}\`` : ''} | \`${key}\` | ${shown} | ${text} |`;
}
