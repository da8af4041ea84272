import { AuditLog } from '../core/audit/audit-log.ts';
import { auditFolder } from '../core/audit/folder.ts';
import type { Config } from '../core/config.ts';
import { messageOf } from '../core/errors.ts';
import { lazy } from '../core/lazy.ts';
import type { Logger } from '../core/log.ts';
import type { CodeDefinition } from '../mcp/engine/define-tool.ts';
import { checkChoice } from '../mcp/engine/toolsets.ts';
import { type BuiltFront, buildFront, type FrontOptions } from '../mcp/front/build-front.ts';
import { loadPrompts, loadResources, loadTools } from './load-mcp-content.ts';

export interface McpOptions extends FrontOptions {
  /** True to load the tools after the first answer, because a client that starts this process waits for that answer. */
  loadsLater?: boolean;
}

/** Builds everything that both transports serve. */
export async function buildMcp({ loadsLater = false, ...options }: McpOptions): Promise<BuiltFront> {
  const { config } = options;
  const tools = lazy(() => loadTools(config));
  const namesTools = config.mcpTools.length > 0 || config.mcpToolsDeny.length > 0;
  if (loadsLater && !namesTools) checkChoice(config, []);
  else await tools();
  return buildFront({
    ...options,
    tools,
    resources: () => loadResources(config),
    prompts: () => loadPrompts(config),
    ours: () => definitionsInCode(config),
  });
}

/**
 * A client can start this program over stdio in a folder where it may not write, such as `/`. If no setting names the folder of the audit
 * log, the server then works without the log and says so. Over HTTP, a server without its log does not start.
 */
export function withPossibleAudit(config: Config, log: Logger): Config {
  if (config.mcpTransport === 'http' || config.mcpAuditDir !== undefined || !config.mcpAudit) return config;
  try {
    new AuditLog({ folder: auditFolder(config), keptDays: config.mcpAuditDays }).prepare();
    return config;
  } catch (error) {
    log.warn(`${messageOf(error)} Requests are not recorded. Set MCP_AUDIT_DIR to a folder that can be written.`);
    return { ...config, mcpAudit: false };
  }
}

/** Loads the content at its first use, because loading would make the start of the server too slow. */
async function definitionsInCode(config: Config): Promise<readonly CodeDefinition[]> {
  const [{ loadContent, workflowSettings }, { definitionsOf }] = await Promise.all([
    import('./load-content.ts'),
    import('../workflows/manage/content-definitions.ts'),
  ]);
  return definitionsOf(await loadContent(config), workflowSettings(config)).workflow;
}
