import type { Config } from '../../core/config.ts';
import type { Tool } from '../engine/define-tool.ts';
import type { Subject } from './subject.ts';

/** What the lists of tools need to know about a tool. */
export type ListedTool = Pick<Tool, 'name' | 'toolset' | 'byDefault'>;

/**
 * For everything that shows or does what a tool shows or does: the tool. The lists that withhold the tool withhold it too. The
 * completions are in `mcp/reading/completers.ts`.
 */
export const SAME_TOOL = {
  resources: {
    document: 'search_docs',
    documents: 'search_docs',
    execution: 'get_execution_status',
    execution_diagram: 'get_execution_status',
    execution_output: 'get_execution_status',
    execution_view: 'get_execution_status',
    task_output: 'get_execution_status',
    template: 'get_workflow_template',
    templates: 'get_workflow_template',
    workflow: 'get_workflow',
    workflow_diagram: 'get_workflow',
    workflow_version: 'get_workflow',
    workflows: 'list_workflows',
  },
  prompts: {
    author_workflow: 'list_workflows',
    diagnose_execution: 'diagnose_execution',
    operations_report: 'list_workflow_executions',
  },
  methods: {
    'tasks/get': 'get_execution_status',
    'tasks/update': 'decide_approval',
    'tasks/cancel': 'terminate_workflow',
  },
} as const satisfies Record<string, Readonly<Record<string, string>>>;

/** The tool that shows or does the same. Undefined for content of a project, which no list of tools withholds. */
export function sameTool(kind: keyof typeof SAME_TOOL, name: string): string | undefined {
  const names: Readonly<Record<string, string>> = SAME_TOOL[kind];
  return Object.hasOwn(names, name) ? names[name] : undefined;
}

/** The settings that list tools. */
export type ToolLists = Pick<Config, 'mcpToolsets' | 'mcpTools' | 'mcpToolsDeny'>;

/** True if a setting withholds some tools. */
export function withholdsTools({ mcpToolsets, mcpTools, mcpToolsDeny }: ToolLists): boolean {
  return mcpToolsets.length > 0 || mcpTools.length > 0 || mcpToolsDeny.length > 0;
}

/** A subject with the tools that show or do the same. Loads no tools if no setting withholds any. */
export async function withSameTools<S extends Subject>(
  subject: S,
  names: readonly (string | undefined)[],
  { config, tools }: { config: ToolLists; tools: () => Promise<readonly Tool[]> },
): Promise<S> {
  if (!withholdsTools(config) || names.every((name) => name === undefined)) return subject;
  return { ...subject, sameAs: (await tools()).filter(({ name }) => names.includes(name)) };
}
