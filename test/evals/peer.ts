import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { processEnvironment } from '../../core/config.ts';
import type { Golden } from './goldens.ts';
import type { RankedTool } from './ranking.ts';

/**
 * For each of our tools, the tools of the official conductor-mcp 0.1.9 that serve at least roughly the same purpose. A tool that is
 * not listed has no counterpart.
 */
const CONDUCTOR_MCP: Readonly<Record<string, readonly string[]>> = {
  list_workflows: ['workflow_get_all_workflows'],
  get_workflow: ['workflow_get_workflow_by_name'],
  execute_workflow: ['workflow_start_workflow_by_name'],
  get_execution_status: ['workflow_get_workflow_by_id', 'task_get_task_by_id'],
  list_workflow_executions: ['workflow_query_workflow_executions'],
  diagnose_execution: ['workflow_get_workflow_by_id', 'task_get_task_logs'],
  pause_workflow: ['workflow_pause_workflow'],
  resume_workflow: ['workflow_resume_workflow'],
  terminate_workflow: ['workflow_terminate_workflow'],
  retry_workflow: ['workflow_retry_workflow', 'workflow_restart_workflow'],
  rerun_workflow: ['workflow_restart_workflow'],
  create_workflow: ['workflow_create_workflow_definition'],
  create_task_definition: ['task_create_task_definition'],
  get_task_definition: ['task_get_task_definition_for_tasktype', 'task_get_all_task_definitions'],
  get_queue_status: ['task_get_task_queue_details'],
  update_task: ['task_update_task_status'],
};

/**
 * Replaces our tool names in the goldens by the peer's names. If the peer has no counterpart, a golden keeps our names and so
 * counts as missed.
 */
export function forPeer(goldens: readonly Golden[]): Golden[] {
  return goldens.map((golden) => {
    const [first = '', ...rest] = golden.expected;
    const mapped = [first, ...rest].flatMap((name) => CONDUCTOR_MCP[name] ?? []);
    return { ...golden, expected: CONDUCTOR_MCP[first] ? mapped : golden.expected, forbidden: [] };
  });
}

/** Starts an MCP server and returns its `tools/list`. */
export async function peerTools(command: string, args: readonly string[]): Promise<RankedTool[]> {
  const client = new Client({ name: 'conductor-fleet-evals', version: '0' });
  const env = Object.fromEntries(
    Object.entries(processEnvironment()).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
  await client.connect(new StdioClientTransport({ command, args: [...args], env, stderr: 'ignore' }));
  try {
    return (await client.listTools()).tools;
  } finally {
    await client.close();
  }
}
