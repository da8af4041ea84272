import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Config } from '../core/config.ts';
import { discover } from '../core/content/discover.ts';
import type { ToolLists } from '../mcp/admission/same-tool.ts';
import { isTool, type Tool } from '../mcp/engine/define-tool.ts';
import { checkChoice } from '../mcp/engine/toolsets.ts';
import { promptsWith, resourcesWith, toolsWith } from '../mcp/front/content.ts';
import { isPrompt, type Prompt } from '../mcp/reading/define-prompt.ts';
import { isResource, type Resource } from '../mcp/reading/define-resource.ts';

type McpDir = Partial<Pick<Config, 'mcpDir'>>;

/** All built-in tools, and those of the user's own folder. @throws FleetError `config` if the configuration names an unknown tool or toolset */
export async function loadTools(config: McpDir & ToolLists): Promise<Tool[]> {
  const tools = await toolsWith(await ownContent(config, 'tools', isTool, 'tool (defineTool(…).handler(…))'));
  checkChoice(config, tools);
  return tools;
}

/** All built-in resources, and those of the user's own folder. */
export async function loadResources(config: McpDir = {}): Promise<Resource[]> {
  return resourcesWith(await ownContent(config, 'resources', isResource, 'resource (defineResource(…).reader(…))'));
}

/** All built-in prompts, and those of the user's own folder. */
export async function loadPrompts(config: McpDir = {}): Promise<Prompt[]> {
  return promptsWith(await ownContent(config, 'prompts', isPrompt, 'prompt (definePrompt(…).messages(…))'));
}

/** What a folder of the user holds, such as `tools/`. The folder may be missing. */
async function ownContent<T extends { readonly name: string }>(
  { mcpDir }: McpDir,
  part: string,
  is: (value: unknown) => value is T,
  what: string,
): Promise<T[]> {
  if (mcpDir === undefined) return [];
  const folder = resolve(mcpDir, part);
  return existsSync(folder) ? discover(pathToFileURL(`${folder}/`), is, what) : [];
}
