import type { Fixture } from './fixture.ts';
import type { RawConductor } from './raw.ts';

/** A call of a tool. */
export interface ToolUse {
  readonly tool: string;
  readonly args: object;
}

/** One thing that a client wants, as each of those who are measured does it. */
export interface Operation {
  readonly name: string;
  /** The requests that answer it, one after the other. */
  raw(conductor: RawConductor): Promise<string>;
  readonly fleet: ToolUse;
  readonly peer: ToolUse;
}

const ROWS = 20;

export function operationsOn({ taskDef, workflow, small, large }: Fixture): Operation[] {
  const execution = (name: string, id: string): Operation => ({
    name,
    raw: (conductor) => conductor.get(`/workflow/${id}?includeTasks=true`),
    fleet: { tool: 'get_execution_status', args: { executionId: id } },
    peer: { tool: 'workflow_get_workflow_by_id', args: { workflow_id: id } },
  });
  const start = {
    fleet: { tool: 'execute_workflow', args: { name: workflow, input: { orderId: 'ORD-1' } } },
    peer: { tool: 'workflow_start_workflow_by_name', args: { workflow_name: workflow, data: { orderId: 'ORD-1' } } },
  };
  const startRaw = (conductor: RawConductor) =>
    conductor.post('/workflow', { name: workflow, input: { orderId: 'ORD-1' } });
  return [
    {
      name: 'get task definition',
      raw: (conductor) => conductor.get(`/metadata/taskdefs/${taskDef}`),
      fleet: { tool: 'get_task_definition', args: { name: taskDef } },
      peer: { tool: 'task_get_task_definition_for_tasktype', args: { taskType: taskDef } },
    },
    execution('get execution (1 task)', small),
    execution('get execution (30 × 2 KB)', large),
    {
      name: 'search',
      raw: (conductor) =>
        conductor.get(`/workflow/search?query=workflowType=${workflow}&freeText=*&size=${ROWS}&sort=startTime:DESC`),
      fleet: { tool: 'list_workflow_executions', args: { workflowName: workflow, limit: ROWS } },
      // It has no way to ask for fewer rows than the server's 100.
      peer: { tool: 'workflow_query_workflow_executions', args: { query: `workflowType=${workflow}` } },
    },
    { name: 'start', raw: startRaw, ...start },
    // A start is answered with how the execution stands, so that one that fails or ends at once needs no second call.
    {
      name: 'start and read',
      raw: async (conductor) => conductor.get(`/workflow/${await startRaw(conductor)}`),
      ...start,
    },
  ];
}

/** The same whole lists of rows and summaries, whose tokens are counted. */
export const COUNTED = { summary: 'get execution (30 × 2 KB)', rows: 'search' } as const;
