import { z } from 'zod';
import type { Conductor } from '../../core/conductor/api.ts';
import { count, instant } from '../../core/text.ts';
import type { Diagnosis } from '../analysis/diagnose.ts';
import type { FailureGroups } from '../analysis/failure-groups.ts';
import type { Advice } from '../analysis/root-cause.ts';
import { defineTool, type ToolAnswer } from '../engine/define-tool.ts';
import { executionId, jsonObject, workflowFilter } from '../shared/fields.ts';
import { orNoExecution } from '../shared/find-execution.ts';
import { callOf, quoteIfUnusual } from '../shared/quote.ts';

const output = z.object({
  executionId: z.string().optional(),
  status: z.string().optional(),
  cause: z.string().optional(),
  summary: z.string(),
  rootExecutionId: z.string().optional(),
  taskRef: z.string().optional(),
  evidence: z.array(z.string()).optional(),
  next: z.array(jsonObject).optional(),
  groups: z.array(jsonObject).optional(),
  total: z.int().optional(),
});
type Answer = ToolAnswer<z.input<typeof output>>;

export default defineTool({
  name: 'diagnose_execution',
  title: 'Diagnose execution',
  description:
    'Finds out why an execution failed, hangs or is stuck: the root cause through sub-workflows and retries, the evidence, the calls that recover it. Without an id: recent failures grouped by cause.',
  toolset: 'executions',
  byDefault: true,
  permission: 'executions:read',
  annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  input: z.strictObject({
    executionId: executionId.optional().describe('Id of the execution that failed or hangs'),
    workflowName: workflowFilter.optional().describe('Without an id: only failures of this workflow'),
  }),
  output,
}).handler(async ({ executionId: id, workflowName }, { conductor }) =>
  id === undefined ? diagnoseMany(conductor, workflowName) : diagnoseOne(conductor, id),
);

async function diagnoseOne(conductor: Conductor, id: string): Promise<Answer> {
  const { describeDiagnosis, diagnoseExecution } = await import('../analysis/diagnose.ts');
  const diagnosis = await orNoExecution(diagnoseExecution(conductor, id), id);
  const { asked, cause, sentence, execution, task, evidence, advice } = diagnosis;
  return {
    text: describeDiagnosis(diagnosis, Date.now()),
    structured: {
      executionId: id,
      status: asked.status,
      cause,
      summary: sentence,
      ...(execution.workflowId !== id && { rootExecutionId: execution.workflowId }),
      ...(task && { taskRef: task.referenceTaskName }),
      evidence: [...evidence],
      next: advice.map(stepOf),
    },
  };
}

async function diagnoseMany(conductor: Conductor, workflowName: string | undefined): Promise<Answer> {
  const { groupFailures } = await import('../analysis/failure-groups.ts');
  const found = await groupFailures(conductor, workflowName);
  const of = workflowName === undefined ? '' : ` of ${quoteIfUnusual(workflowName)}`;
  const summary =
    found.read === 0
      ? `No execution${of} failed or timed out.`
      : `The newest ${found.read} of ${count(found.total, 'failed execution')}${of}, by cause:`;
  return {
    text: [summary, ...tableOf(found)].join('\n'),
    structured: {
      summary,
      total: found.total,
      groups: found.groups.map(({ diagnosis, newest, count: n }) => ({
        count: n,
        cause: diagnosis.cause,
        workflow: newest.workflowType,
        ...(diagnosis.task && { taskRef: diagnosis.task.referenceTaskName }),
        newestExecutionId: newest.workflowId,
        summary: diagnosis.sentence,
      })),
    },
  };
}

function tableOf({ groups, others }: FailureGroups): string[] {
  const [first] = groups;
  if (!first) return [];
  return [
    'count | cause | workflow | newest | what happened in the newest',
    ...groups.map((group) => groupLine(group.diagnosis, group.count, group.newest.startTime ?? '')),
    ...(others > 0 ? [`… and ${count(others, 'failed execution')} with other causes.`] : []),
    `See the evidence and the recovery of one execution: ${callOf('diagnose_execution', { executionId: first.newest.workflowId })}`,
  ];
}

function groupLine({ asked, cause, sentence }: Diagnosis, n: number, startTime: string): string {
  return `${n} | ${cause} | ${quoteIfUnusual(asked.workflowName)} | ${asked.workflowId} ${instant(startTime)} | ${sentence}`;
}

function stepOf({ say, call }: Advice): Record<string, unknown> {
  return { do: say, ...(call && { tool: call.tool, arguments: call.args }) };
}
