import type { MockedTasks, TaskMock } from '../../core/conductor/calls/execution-calls.ts';
import type { TaskDef } from '../../core/conductor/types.ts';
import type { Workflow } from '../../core/contract.ts';
import type { Mocked } from './define-scenarios.ts';
import { dryName } from './dry-definition.ts';
import { completesUnmocked, isAnswered } from './mockable-types.ts';
import { completes, isEach, isMock, isRounds, type Mock, type Mocks } from './mocks.ts';
import { boundOf, type KnownWorkflows, type ScenarioTask, stepsOf } from './workflow-steps.ts';

/**
 * Writes the mocks in the form of the server's test endpoint. The endpoint never returns if a task of a sub-workflow has no mock. So every
 * list ends with a mock that fails without a retry and whose output says that an answer is missing.
 */
export function mockData(workflow: Workflow, mocked: Mocked, known: KnownWorkflows): MockedTasks {
  return within(workflow, mocked, known, 0);
}

/** The key in the output of an attempt that has no mock. */
export const NO_MOCK = 'fleetNoMock';

/** Keeps the endpoint running: it would stop when it has no mocks left, even if the server has not evaluated a JOIN yet. */
const KEEPS_GOING = { fleet_keeps_going: [] as TaskMock[] };

/** For how many rounds or items mocks are written if the number of rounds or items is not known. */
const MANY = 60;

/** One level more than `dry-definition.ts` nests sub-workflows. */
const MAX_DEPTH = 6;

function within(workflow: Workflow, mocked: Mocked, known: KnownWorkflows, depth: number): MockedTasks {
  const taskRefToMockOutput: MockedTasks['taskRefToMockOutput'] = { ...KEEPS_GOING };
  const subWorkflowTestRequest: NonNullable<MockedTasks['subWorkflowTestRequest']> = {};
  const steps = stepsOf(workflow, known);
  for (const step of steps.values()) {
    const mocks = mocked.tasks?.[step.ref] ?? defaultOf(step);
    if (mocks !== undefined) Object.assign(taskRefToMockOutput, mocksOf(step, mocks));
    else if (step.child && depth < MAX_DEPTH) {
      const inner = within(step.child, mocked.subWorkflows?.[step.ref] ?? {}, known, depth + 1);
      const { version } = step.child;
      for (const ref of rowsOf(step)) {
        subWorkflowTestRequest[ref] = { name: dryName(step.child.name), version, ...inner };
      }
    } else if (isAnswered(step.type) || step.type === 'SUB_WORKFLOW' || step.type === 'FORK_JOIN_DYNAMIC') {
      Object.assign(taskRefToMockOutput, mocksOf(step, []));
    } else {
      // If the endpoint looks while the server computes the task, it would regard a task without an entry as waiting.
      for (const ref of rowsOf(step)) taskRefToMockOutput[ref] = [];
    }
  }
  for (const [ref, mocks] of Object.entries(mocked.tasks ?? {})) {
    if (!steps.has(ref)) Object.assign(taskRefToMockOutput, atRunTime(ref, mocks));
  }
  return { taskRefToMockOutput, subWorkflowTestRequest };
}

function defaultOf({ type, task }: ScenarioTask): Mocks | undefined {
  return completesUnmocked(type, task.inputParameters) ? completes() : undefined;
}

/** The references of a task in an execution. In a loop, the task has one reference for each round. */
function rowsOf({ ref, loop }: Pick<ScenarioTask, 'ref' | 'loop'>): string[] {
  if (!loop) return [ref];
  return Array.from({ length: boundOf(loop) ?? MANY }, (_, index) => `${ref}__${index + 1}`);
}

function mocksOf(step: ScenarioTask, mocks: Mocks): Record<string, TaskMock[]> {
  if (step.type !== 'FORK_JOIN_DYNAMIC') return inRounds(step, mocks);
  const rounds = step.loop ? rowsOf(step).map((_, index) => index + 1) : [0];
  const entries = rounds.flatMap((round) =>
    Array.from({ length: MANY }, (_, item) => {
      const inRound = isRounds(mocks) ? (mocks.rounds[round - 1] ?? []) : mocks;
      const own = isEach(inRound) ? (inRound.items[item] ?? []) : inRound;
      return itemRows(step.ref, round, item).map((row) => [row, attempts(own, step)] as const);
    }).flat(),
  );
  return Object.fromEntries(entries);
}

/** The possible references of the task for an item. `forkEach` puts this task into a loop of one round; other definitions do not. */
function itemRows(ref: string, round: number, item: number): string[] {
  if (round === 0) return [`${ref}_${item}`, `${ref}_${item}__1`];
  return [`${ref}_${round}_${item}`, `${ref}_${round}_${item}__1`, `${ref}_${item}__${round}`];
}

function inRounds(step: ScenarioTask, mocks: Mocks): Record<string, TaskMock[]> {
  const entries = rowsOf(step).map((row, index) => {
    const own = isRounds(mocks) ? (mocks.rounds[index] ?? []) : mocks;
    return [row, attempts(isEach(own) ? [] : own, step)] as const;
  });
  return Object.fromEntries(entries);
}

/** The mocks of a task that is not in the definition, such as a task of a FORK_JOIN_DYNAMIC. Only these mocks are known about it. */
function atRunTime(ref: string, mocks: Mocks): Record<string, TaskMock[]> {
  if (isEach(mocks) || isRounds(mocks)) return {};
  return { [ref]: attempts(mocks, { type: 'SIMPLE', taskDef: { name: ref, retryCount: 10 } }) };
}

type Answering = Pick<ScenarioTask, 'type' | 'taskDef'>;

function attempts(mocks: Mock | readonly Mock[], step: Answering): TaskMock[] {
  const each = isMock(mocks) ? Array.from({ length: (step.taskDef.retryCount ?? 0) + 1 }, () => mocks) : mocks;
  const missing: TaskMock = { status: 'FAILED_WITH_TERMINAL_ERROR', output: { [NO_MOCK]: true } };
  return [...each.map((mock) => toTaskMock(mock, step)), missing];
}

function toTaskMock({ ends, output, reason }: Mock, { type, taskDef }: Answering): TaskMock {
  if (ends === 'TIMED_OUT') return { status: 'IN_PROGRESS', output: {}, executionTime: longerThan(taskDef) };
  if (reason === undefined) return { status: ends, output };
  const shown = type === 'HTTP' && Object.keys(output).length === 0 ? { response: reason } : output;
  return { status: ends, output: shown, reason };
}

/** A duration in milliseconds that exceeds every time limit of the task. */
function longerThan({ timeoutSeconds = 0, responseTimeoutSeconds = 3600 }: TaskDef): number {
  return (Math.max(timeoutSeconds, responseTimeoutSeconds) + 1) * 1000;
}
