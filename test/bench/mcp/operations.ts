import type { Fixture } from './fixture.ts';
import type { RawConductor } from './raw.ts';

/** One tool call. */
export interface ToolUse {
  readonly tool: string;
  readonly args: object;
}

/** One thing that a client wants, and the calls that do it on each server. */
export interface Operation {
  readonly name: string;
  /** The raw requests to Conductor that produce the same result, sent one after the other. */
  raw(): Promise<string>;
  readonly fleet: ToolUse;
  readonly peer: ToolUse;
  /** Ends the execution that the answer names, because open executions would slow the server down. Not measured. */
  end?(answer: string): Promise<unknown>;
}

const ROWS = 20;
const ID = /[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}/;

export function operationsOn(conductor: RawConductor, fixture: Fixture): Operation[] {
  const { taskDef, workflow, worked, small, large } = fixture;
  const execution = (name: string, id: string): Operation => ({
    name,
    raw: () => conductor.get(`/workflow/${id}?includeTasks=true`),
    fleet: { tool: 'get_execution_status', args: { executionId: id } },
    peer: { tool: 'workflow_get_workflow_by_id', args: { workflow_id: id } },
  });
  const input = { orderId: 'ORD-1' };
  const start = (name: string) => ({
    fleet: { tool: 'execute_workflow', args: { name, input } },
    peer: { tool: 'workflow_start_workflow_by_name', args: { workflow_name: name, data: input } },
  });
  const startRaw = (name: string) => conductor.post('/workflow', { name, input });
  return [
    {
      name: 'get task definition',
      raw: () => conductor.get(`/metadata/taskdefs/${taskDef}`),
      fleet: { tool: 'get_task_definition', args: { name: taskDef } },
      peer: { tool: 'task_get_task_definition_for_tasktype', args: { taskType: taskDef } },
    },
    execution('get execution (1 task)', small),
    execution('get execution (30 × 2 KB)', large),
    {
      name: 'search',
      raw: () =>
        conductor.get(`/workflow/search?query=workflowType=${workflow}&freeText=*&size=${ROWS}&sort=startTime:DESC`),
      fleet: { tool: 'list_workflow_executions', args: { workflowName: workflow, limit: ROWS } },
      // The official server's tool always requests 100 rows.
      peer: { tool: 'workflow_query_workflow_executions', args: { query: `workflowType=${workflow}` } },
    },
    {
      name: 'start',
      raw: () => startRaw(worked),
      ...start(worked),
      end: (answer) => conductor.delete(`/workflow/${ID.exec(answer)?.[0]}/terminate-remove?archiveWorkflow=false`),
    },
    // This workflow ends within the start request, so our answer already contains the result and needs no second call.
    {
      name: 'start and read',
      raw: async () => conductor.get(`/workflow/${await startRaw(workflow)}`),
      ...start(workflow),
    },
  ];
}

/** Operations whose answers have an upper bound in tokens. */
export const COUNTED = { summary: 'get execution (30 × 2 KB)', rows: 'search' } as const;
