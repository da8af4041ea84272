import { resumeAsk, retryAsk } from '../../parts/act/asks.ts';
import type { Ask } from '../../parts/act/confirm.ts';
import { go } from '../../parts/frame/route.ts';
import { short } from '../../parts/show/format.ts';
import type { AdviceStep, ExecutionDetail } from '../../shared/execution-detail.ts';

/** Where a step leads that only looks at something: to a task of this execution, or to another page. */
export interface AdviceLink {
  readonly word: string;
  readonly taskId?: string;
  readonly to?: string;
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

/** Undefined if the step acts, or if no page shows what it looks at. */
export function adviceLink({ call }: AdviceStep, seen: ExecutionDetail): AdviceLink | undefined {
  const executionId = textOf(call?.args.executionId);
  const taskOf = (ref: string | undefined) => seen.tasks.findLast((task) => task.ref === ref)?.id;
  switch (call?.tool) {
    case 'get_execution_status': {
      const taskId = executionId === seen.id ? taskOf(textOf(call.args.taskRef)) : undefined;
      if (taskId !== undefined) return { word: 'See the task', taskId };
      return executionId !== undefined && executionId !== seen.id
        ? { word: 'Open it', to: `/executions/${executionId}` }
        : undefined;
    }
    case 'diagnose_execution':
      return executionId !== undefined && executionId !== seen.id
        ? { word: 'See why', to: `/executions/${executionId}` }
        : undefined;
    case 'list_pending_approvals': {
      if (executionId !== undefined && executionId !== seen.id)
        return { word: 'Decide there', to: `/executions/${executionId}` };
      const taskId = taskOf(
        seen.tasks.findLast(({ type, status }) => type === 'HUMAN' && status === 'IN_PROGRESS')?.ref,
      );
      return taskId === undefined ? undefined : { word: 'Decide', taskId };
    }
    default:
      return undefined;
  }
}

/** The question before the step is carried out. Undefined if the step calls no tool. */
export function adviceAsk({ say, call }: AdviceStep, seen: ExecutionDetail): Ask | undefined {
  if (!call) return undefined;
  const { tool, args } = call;
  const [target = seen.id] = Array.isArray(args.executionIds) ? args.executionIds.map(String) : [];
  const run = target === seen.id ? seen : { id: target, workflow: 'the parent execution', status: seen.status };
  switch (tool) {
    case 'retry_workflow':
      return { ...retryAsk([run]), args };
    case 'resume_workflow':
      return { ...resumeAsk([run]), args };
    case 'execute_workflow':
      return {
        title: `Run ${String(args.name)} again?`,
        does: [
          'A new execution starts with the same definition and input.',
          `This one (${short(seen.id)}) stays as it is.`,
        ],
        ...{ tool, args, button: 'Run again', done: 'Started a new execution.' },
        json: { name: 'input', label: 'Input', value: args.input ?? {} },
        after: (structured) => openStarted(structured),
      };
    case 'terminate_workflow':
    case 'signal_workflow':
    case 'update_task': {
      const { word, end } = SIMPLE[tool];
      return {
        title: `${word}: ${seen.workflow}?`,
        does: [`${say}.`, end],
        tool,
        args,
        button: word,
        done: `${word}: done.`,
        isDangerous: tool === 'terminate_workflow',
      };
    }
    default:
      return undefined;
  }
}

const SIMPLE = {
  terminate_workflow: { word: 'Terminate', end: 'It ends now. This cannot be taken back.' },
  signal_workflow: { word: 'Signal', end: 'The task that waits completes, and the execution continues.' },
  update_task: { word: 'End the task', end: 'The task ends in the place of its worker. This cannot be taken back.' },
} as const;

function openStarted(structured: unknown): void {
  const id = (structured as { executionId?: unknown } | undefined)?.executionId; // only read, and checked here
  if (typeof id === 'string') go(`/executions/${id}`);
}
