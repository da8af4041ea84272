import type { Config } from '../core/config.ts';
import { lazy } from '../core/lazy.ts';
import type { CodeDefinition } from '../mcp/engine/define-tool.ts';
import { checkChoice } from '../mcp/engine/toolsets.ts';
import { buildFront, type FrontOptions } from '../mcp/front/build-front.ts';
import type { McpFront } from '../mcp/transports/mcp-front.ts';
import { loadPrompts, loadResources, loadTools } from './load-mcp-content.ts';

export interface McpOptions extends FrontOptions {
  /** True to load the tools after the first answer, because a client that starts this process waits for that answer. */
  loadsLater?: boolean;
}

/** Builds everything that both transports serve. */
export async function buildMcp({ loadsLater = false, ...options }: McpOptions): Promise<McpFront> {
  const { config } = options;
  const tools = lazy(() => loadTools(config));
  if (loadsLater && config.mcpTools.length === 0) checkChoice({ toolsets: config.mcpToolsets, tools: [] }, []);
  else await tools();
  return buildFront({
    ...options,
    tools,
    resources: () => loadResources(config),
    prompts: () => loadPrompts(config),
    ours: () => definitionsInCode(config),
  });
}

/** Loads the content at its first use, because loading would make the start of the server too slow. */
async function definitionsInCode(config: Config): Promise<readonly CodeDefinition[]> {
  const [{ loadContent, workflowSettings }, { definitionsOf }] = await Promise.all([
    import('./load-content.ts'),
    import('../workflows/manage/content-definitions.ts'),
  ]);
  return definitionsOf(await loadContent(config), workflowSettings(config)).workflow;
}
