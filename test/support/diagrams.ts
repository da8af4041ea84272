import { type Execution, executionSchema } from '../../core/conductor/types.ts';
import type { Diagram } from '../../workflows/diagram/diagram.ts';
import { type DefinitionLike, drawDefinition, drawExecution } from '../../workflows/diagram/draw.ts';

/** Start time of the executions in these tests, in epoch milliseconds. */
export const START = 1_000_000;

interface Row {
  ref: string;
  type?: string;
  status?: string;
  /** Milliseconds after the start of the execution. */
  from?: number;
  to?: number;
  input?: Record<string, unknown>;
  output?: Record<string, unknown>;
  subWorkflowId?: string;
}

/** Makes a task of a definition. */
export function step(ref: string, type = 'SIMPLE', more: Record<string, unknown> = {}): Record<string, unknown> {
  return { name: ref, taskReferenceName: ref, type, ...more };
}

export function definition(...tasks: unknown[]): DefinitionLike {
  return { name: 'Probe', version: 1, tasks };
}

/** Makes an execution as the server returns it, with its tasks in the order of `seq`. */
export function execution(rows: readonly Row[], more: Partial<Execution> = {}): Execution {
  return executionSchema.parse({
    workflowId: 'id-1',
    workflowName: 'Probe',
    status: 'COMPLETED',
    startTime: START,
    endTime: START + 2000,
    tasks: rows.map(({ ref, type = 'SIMPLE', status = 'COMPLETED', from = 0, to = from + 10, ...row }, index) => ({
      taskId: `task-${index}`,
      taskType: type,
      referenceTaskName: ref,
      workflowInstanceId: 'id-1',
      status,
      seq: index + 1,
      scheduledTime: START + from,
      startTime: START + from,
      endTime: status === 'IN_PROGRESS' || status === 'SCHEDULED' ? 0 : START + to,
      inputData: row.input,
      outputData: row.output,
      subWorkflowId: row.subWorkflowId,
    })),
    ...more,
  });
}

export const drawn = (...tasks: unknown[]): Diagram => drawDefinition(definition(...tasks));

export const drawnRun = (def: DefinitionLike, rows: readonly Row[], more: Partial<Execution> = {}): Diagram =>
  drawExecution(def, execution(rows, more), START + 5000);

/** A definition with every structure: a choice, a fork, a loop, and a task that ends the execution. */
export const everyShape = definition(
  step('begin', 'SET_VARIABLE', { inputParameters: { total: 0 } }),
  step('which', 'SWITCH', {
    evaluatorType: 'value-param',
    expression: 'on',
    inputParameters: { on: '${workflow.input.kind}' },
    decisionCases: { big: [step('audit', 'HUMAN')], small: [] },
    defaultCase: [step('refuse', 'TERMINATE', { inputParameters: { terminationStatus: 'FAILED' } })],
  }),
  step('both', 'FORK_JOIN', { forkTasks: [[step('left')], [step('right')]] }),
  step('joined', 'JOIN', { joinOn: ['left', 'right'] }),
  step('again', 'DO_WHILE', { loopCondition: '$.again.iteration < 2', loopOver: [step('inner')] }),
);

/** An execution of `everyShape`. A task in a branch was retried, the loop ran twice, and the first case was chosen. */
export const everyShapeRows: readonly Row[] = [
  { ref: 'begin', type: 'SET_VARIABLE' },
  { ref: 'which', type: 'SWITCH', output: { selectedCase: 'big' } },
  { ref: 'audit', type: 'HUMAN', from: 10, to: 1510 },
  { ref: 'both', type: 'FORK', from: 1510, to: 1510 },
  { ref: 'left', status: 'FAILED', from: 1510, to: 1520 },
  { ref: 'right', from: 1510, to: 1550 },
  { ref: 'joined', type: 'JOIN', from: 1510, to: 1910 },
  { ref: 'left', from: 1700, to: 1900 },
  { ref: 'again', type: 'DO_WHILE', from: 1910, to: 1990 },
  { ref: 'inner__1', from: 1910, to: 1940 },
  { ref: 'inner__2', from: 1950, to: 1990 },
];
