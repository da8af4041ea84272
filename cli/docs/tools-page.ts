import type { Tool } from '../../mcp/engine/define-tool.ts';
import { listingOf } from '../../mcp/engine/tool-listing.ts';
import { toolsets } from '../../mcp/engine/toolsets.ts';
import type { Prompt } from '../../mcp/reading/define-prompt.ts';
import type { Resource } from '../../mcp/reading/define-resource.ts';

export interface McpContent {
  tools: readonly Tool[];
  resources: readonly Resource[];
  prompts: readonly Prompt[];
}

/** The page `docs/tools.md`, made from the definitions that clients see. A unit test compares this text with the file. */
export function toolsMarkdown({ tools, resources, prompts }: McpContent): string {
  const sections = toolsets.map((toolset) => {
    const own = tools.filter((tool) => tool.toolset === toolset);
    return [`## ${toolset}`, ...own.map(toolSection)].join('\n\n');
  });
  const lists = [list('Resources', resources.map(resourceLine)), list('Prompts', prompts.map(promptLine))];
  return `${[INTRODUCTION, ...sections, ...lists].join('\n\n')}\n`;
}

const INTRODUCTION = `# Tools, resources and prompts

\`npm run docs\` makes this page from \`mcp/tools/\`, \`mcp/resources/\` and \`mcp/prompts/\`; do not edit it.

Tools marked **on** are offered by default. \`--toolsets\` and \`--tools\` choose others; over HTTP the headers \`X-MCP-Toolsets\` and
\`X-MCP-Tools\` do the same. \`--role viewer\` offers only tools that read; \`--role operator\` adds those that run and steer executions.`;

function toolSection(tool: Tool): string {
  const { readOnlyHint, destructiveHint, idempotentHint } = tool.annotations;
  const effect = readOnlyHint ? 'reads' : destructiveHint ? 'may destroy' : 'changes';
  const marks = [
    tool.byDefault ? 'on' : 'off',
    effect,
    ...(idempotentHint && !readOnlyHint ? ['may be repeated'] : []),
    tool.permission,
  ];
  const { properties = {}, required = [] } = listingOf(tool).inputSchema as Shown;
  const parameters = Object.entries(properties).map(
    ([name, { description }]) => `- \`${name}\`${required.includes(name) ? '' : ' (optional)'}: ${description ?? ''}`,
  );
  return [
    `### \`${tool.name}\``,
    `${tool.description} *${marks.join(', ')}*`,
    ...(parameters.length > 0 ? [parameters.join('\n')] : []),
  ].join('\n\n');
}

/** The parts of an input schema that the page shows. */
interface Shown {
  properties?: Record<string, { description?: string }>;
  required?: readonly string[];
}

function list(title: string, lines: readonly string[]): string {
  return [`## ${title}`, lines.join('\n')].join('\n\n');
}

function resourceLine({ uriTemplate, description, mimeType }: Resource): string {
  return `- \`${uriTemplate}\` (${mimeType}): ${description}`;
}

function promptLine({ name, description }: Prompt): string {
  return `- \`${name}\`: ${description}`;
}
