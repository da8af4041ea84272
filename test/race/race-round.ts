import type { Conductor } from '../../core/conductor/api.ts';
import type { WorkflowDef } from '../../core/conductor/types.ts';
import type { McpClient } from '../support/mcp-clients.ts';

/** What the deciders of one approval were told, and what the server holds afterwards. */
export interface Round {
  /** The numbers of the deciders whose call succeeded. */
  readonly winners: readonly number[];
  /** Faults in plain words. Empty if exactly one decider won, the others were told who, and the execution continued with its answer. */
  readonly faults: readonly string[];
}

/** A workflow that waits for an approval, and then keeps the answer with which it continued. */
export function approvalWorkflow(name: string): WorkflowDef {
  return {
    name,
    version: 1,
    schemaVersion: 2,
    tasks: [
      { name: 'decide', taskReferenceName: 'decide', type: 'HUMAN', inputParameters: { what: 'a desk' } },
      {
        name: 'keep',
        taskReferenceName: 'keep',
        type: 'SET_VARIABLE',
        inputParameters: { approved: '${decide.output.approved}', reason: '${decide.output.reason}' },
      },
    ],
    outputParameters: {},
  };
}

/** All clients decide the same approval at the same moment. Every second one rejects it. */
export async function raceOneApproval(
  conductor: Conductor,
  workflow: string,
  clients: readonly McpClient[],
): Promise<Round> {
  const executionId = await conductor.startWorkflow({ name: workflow, input: {} });
  const answers = await Promise.all(
    clients.map((client, number) =>
      client.call('decide_approval', {
        executionId,
        taskRef: 'decide',
        decision: isYes(number) ? 'approve' : 'reject',
        reason: reasonOf(number),
      }),
    ),
  );
  const winners = answers.flatMap(({ isError }, number) => (isError ? [] : [number]));
  const [winner] = winners;
  if (winner === undefined || winners.length > 1)
    return { winners, faults: [`${winners.length} winners. ${answers.map(({ text }) => text).join(' | ')}`] };
  const told = `by local at`;
  const unaware = answers.filter(
    ({ isError, text }) => isError && !(text.includes(told) && text.includes(`with the reason "${reasonOf(winner)}"`)),
  );
  const { variables } = await conductor.waitForEnd(executionId);
  const [task] = (await conductor.getExecution(executionId)).tasks;
  const kept = { approved: variables.approved, reason: variables.reason };
  const stored = { approved: task?.outputData.approved, reason: task?.outputData.reason };
  const right = { approved: isYes(winner), reason: reasonOf(winner) };
  const faults = [
    ...unaware.map(({ text }) => `A loser was not told who decided: ${text}`),
    ...(isSame(stored, right)
      ? []
      : [`The task holds ${JSON.stringify(stored)}, the winner said ${JSON.stringify(right)}`]),
    ...(isSame(kept, right)
      ? []
      : [`The execution continued with ${JSON.stringify(kept)}, the winner said ${JSON.stringify(right)}`]),
  ];
  return { winners, faults };
}

const isYes = (number: number) => number % 2 === 0;
const reasonOf = (number: number) => `decider ${number}`;
const isSame = (one: unknown, other: unknown) => JSON.stringify(one) === JSON.stringify(other);
