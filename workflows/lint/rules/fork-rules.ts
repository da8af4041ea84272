import { isSynchronous, retriesOf, retriesWithoutDefinition, roleOf } from '../../../core/conductor/task-types.ts';
import { isObject } from '../../../core/json.ts';
import { hangingExclusiveJoins } from '../exclusive-joins.ts';
import type { Problem, WorkflowRule } from '../rule.ts';
import {
  at,
  isDynamic,
  type KnownDefinitions,
  type LintedTask,
  ofRole,
  ofType,
  part,
  type Subject,
  taskDefOf,
} from '../subject.ts';
import { loopAround } from '../task-order.ts';

const forkWithoutJoin: WorkflowRule = {
  id: 'fork-without-join',
  severity: 'error',
  summary: 'the next task after a fork is not a JOIN',
  reason: 'The server registers the definition, and every execution fails when it reaches the fork.',
  repair: 'Put a JOIN directly after the fork. After a FORK_JOIN, write the last task of each branch into its joinOn.',
  *check(subject) {
    for (const step of ofRole(subject, 'fork')) {
      if (step.next?.type === 'JOIN') continue;
      yield at(
        step,
        '',
        `A JOIN must follow ${step.type}, but ${step.next ? `the next task is ${step.next.type}` : 'no task follows'}`,
      );
    }
  },
};

const forkWithoutBranches: WorkflowRule = {
  id: 'fork-without-branches',
  severity: 'error',
  summary: 'a fork has no branches or an empty branch',
  reason: 'The server rejects a fork without branches. If a branch is empty, the workflow cannot start.',
  repair: 'Give every branch a task (NOOP does nothing), or remove the branch.',
  *check(subject) {
    for (const step of ofType(subject, 'FORK_JOIN')) {
      const { forkTasks } = step.task;
      if (!Array.isArray(forkTasks) || forkTasks.length === 0) {
        yield at(step, '/forkTasks', 'FORK_JOIN has no branches');
        continue;
      }
      for (const [index, branch] of forkTasks.entries()) {
        if (Array.isArray(branch) && branch.length === 0)
          yield at(step, `/forkTasks/${index}`, `Branch ${index} is empty`);
      }
    }
  },
};

/** Every reference in a `joinOn`, unless the server ignores that `joinOn`. */
function* joins(
  subject: Subject,
): Generator<{ join: LintedTask; ref: string; target: LintedTask | undefined; field: string }> {
  for (const join of ofType(subject, 'JOIN')) {
    const { joinOn } = join.task;
    // After a dynamic fork, the JOIN waits for the tasks that the fork made, and the server ignores `joinOn`.
    if (!Array.isArray(joinOn) || join.previous?.type === 'FORK_JOIN_DYNAMIC') continue;
    for (const [index, value] of joinOn.entries()) {
      const ref = String(value);
      yield { join, ref, target: subject.byRef.get(ref), field: `/joinOn/${index}` };
    }
  }
}

const joinOnUnknown: WorkflowRule = {
  id: 'join-on-unknown',
  severity: 'error',
  summary: 'a JOIN waits for a task that does not exist',
  reason: 'The server registers the definition, and the JOIN waits forever.',
  repair: 'In joinOn, write the taskReferenceName of the last task of each branch to wait for.',
  *check(subject) {
    const makesTasks = subject.steps.some(({ type }) => type === 'FORK_JOIN_DYNAMIC');
    for (const { join, ref, target, field } of joins(subject)) {
      if (target || (makesTasks && !isDynamic(ref))) continue;
      yield at(join, field, `The JOIN waits for "${ref}", which is not a task of this definition`);
    }
  },
};

const joinNeverEnds: WorkflowRule = {
  id: 'join-never-ends',
  severity: 'error',
  summary: 'a JOIN waits for a task that possibly never runs, or runs only after the JOIN',
  reason: 'The server registers the definition, and the JOIN waits forever.',
  repair:
    'Wait for a task that always runs. If a branch ends with a SWITCH, add a NOOP after the SWITCH and wait for the NOOP.',
  *check(subject) {
    for (const { join, ref, target, field } of joins(subject)) {
      const why = target && hindrance(subject, join, target);
      if (why) yield at(join, field, `The JOIN waits for "${ref}", ${why}`);
    }
    yield* hangingExclusiveJoins(subject);
  },
};

function hindrance({ order }: Subject, join: LintedTask, target: LintedTask): string | undefined {
  if (target === join) return 'which is this JOIN';
  if (loopAround(target) !== loopAround(join))
    return 'which is in another loop, where it has a different name in each round';
  if (!order.isCertainFor(target, join)) return 'which runs only in one case of a SWITCH';
  if (order.waitsFor(target, join)) return 'which runs only after this JOIN';
  return undefined;
}

const joinOnSwitch: WorkflowRule = {
  id: 'join-on-switch',
  severity: 'warning',
  summary: 'a JOIN waits for a SWITCH',
  reason: 'A SWITCH ends when it has chosen a case. The JOIN does not wait for the tasks of that case.',
  repair: 'Add a NOOP after the SWITCH in the same branch and wait for the NOOP.',
  *check(subject) {
    for (const { join, ref, target, field } of joins(subject)) {
      if (!target || roleOf(target.type) !== 'choice' || target.inside.length === 0) continue;
      yield at(join, field, `The JOIN waits for the SWITCH "${ref}", but not for the tasks of the chosen case`);
    }
  },
};

const joinOnFork: WorkflowRule = {
  id: 'join-on-fork',
  severity: 'warning',
  summary: 'a JOIN waits for a fork',
  reason: 'A fork ends when it has started its branches. The JOIN does not wait for the branches.',
  repair: 'Wait for the JOIN after that fork.',
  *check(subject) {
    for (const { join, ref, target, field } of joins(subject)) {
      if (target && roleOf(target.type) === 'fork')
        yield at(join, field, `The JOIN waits for the fork "${ref}", but not for its branches`);
    }
  },
};

const joinOnRetried: WorkflowRule = {
  id: 'join-on-retried',
  severity: 'error',
  summary: 'a JOIN waits for a task that may be retried',
  reason:
    'If the JOIN looks at the task between a failed attempt and its retry, the JOIN fails, and so does the workflow, although retries are left. This also happens when a call retries an execution. If the earlier attempt was cancelled, the JOIN is cancelled, and the workflow terminated.',
  repair: 'Add a NOOP after the task in the same branch and wait for the NOOP.',
  *check(subject) {
    for (const { join, ref, target, field } of joins(subject)) {
      if (!target || isSynchronous(target.type) || !isRetried(target, subject)) continue;
      yield at(join, field, `The JOIN waits for "${ref}", which the server retries if it fails`);
    }
    for (const fork of ofType(subject, 'FORK_JOIN_DYNAMIC')) {
      const { forkTaskName: name } = fork.input;
      if (typeof name !== 'string' || isDynamic(name)) continue;
      if (!isRetriedByDefault('SIMPLE', subject.known.taskDefs?.get(name), subject.known)) continue;
      const problem = `The JOIN after this fork waits for tasks "${name}", which the server retries if they fail`;
      yield at(fork, `/inputParameters${part('forkTaskName')}`, problem, { repair: RETRY_IN_SUB_WORKFLOW });
    }
  },
};

const RETRY_IN_SUB_WORKFLOW =
  'Let the fork start a sub-workflow for each item, which contains the task: set the input forkTaskWorkflow instead of forkTaskName.';

/** True if the known definitions say that the server retries the task. */
function isRetried(step: LintedTask, { known }: Subject): boolean {
  const own = step.task.retryCount;
  return typeof own === 'number' ? own > 0 : isRetriedByDefault(step.type, taskDefOf(step, known), known);
}

/** `def` is the task definition of a task of this type. If it is not known, it exists unless all definitions are known. */
function isRetriedByDefault(type: string, def: unknown, known: KnownDefinitions): boolean {
  if (isObject(def)) return (retriesOf(type, typeof def.retryCount === 'number' ? def.retryCount : undefined) ?? 0) > 0;
  return known.complete === true && retriesWithoutDefinition(type) > 0;
}

const joinOnNothing: WorkflowRule = {
  id: 'join-on-nothing',
  severity: 'warning',
  summary: 'a JOIN waits for no task',
  reason: 'The JOIN ends immediately, and the workflow continues while the branches still run.',
  repair: 'Write the last task of each branch into joinOn.',
  *check(subject) {
    for (const join of ofType(subject, 'JOIN')) {
      const { joinOn } = join.task;
      const isEmpty = joinOn === undefined || joinOn === null || (Array.isArray(joinOn) && joinOn.length === 0);
      if (isEmpty && join.previous?.type !== 'FORK_JOIN_DYNAMIC') yield at(join, '/joinOn', 'The JOIN has no joinOn');
    }
  },
};

const joinWithoutList: WorkflowRule = {
  id: 'join-without-list',
  severity: 'error',
  summary: 'the joinOn of a JOIN is null',
  reason:
    'Unlike an empty list, null causes an error in the server each time it checks the JOIN, so the JOIN never ends.',
  repair: 'Write a list into joinOn.',
  *check(subject) {
    for (const join of ofType(subject, 'JOIN')) {
      if (join.task.joinOn === null) yield at(join, '/joinOn', 'joinOn is null');
    }
  },
};

const dynamicForkParameters: WorkflowRule = {
  id: 'dynamic-fork-parameters',
  severity: 'error',
  summary: 'a dynamic fork does not name its tasks, or names them in two ways',
  reason: 'The server rejects the definition, or the execution fails when it reaches the fork.',
  repair:
    'Set dynamicForkTasksParam to the name of an input that holds a list of tasks. Set dynamicForkTasksInputParamName to the name of an input that holds the inputs of these tasks by their references. Or set the inputs forkTaskName and forkTaskInputs.',
  *check(subject) {
    for (const step of ofType(subject, 'FORK_JOIN_DYNAMIC'))
      if (!('forkTaskInputs' in step.input)) yield* missingParameters(step);
  },
};

function* missingParameters(step: LintedTask): Generator<Problem> {
  const {
    dynamicForkJoinTasksParam: legacy,
    dynamicForkTasksParam: tasks,
    dynamicForkTasksInputParamName: inputs,
  } = step.task;
  if (legacy !== undefined && legacy !== null) {
    if (tasks ?? inputs)
      yield at(
        step,
        '/dynamicForkJoinTasksParam',
        'dynamicForkJoinTasksParam is set together with the parameters that replace it',
      );
    else if (!(String(legacy) in step.input))
      yield at(
        step,
        '/inputParameters',
        `dynamicForkJoinTasksParam names the input "${String(legacy)}", which does not exist`,
      );
    return;
  }
  for (const [field, value] of Object.entries({
    dynamicForkTasksParam: tasks,
    dynamicForkTasksInputParamName: inputs,
  })) {
    if (value === undefined || value === null) yield at(step, `/${field}`, `${field} is missing`);
    else if (!(String(value) in step.input))
      yield at(step, '/inputParameters', `${field} names the input "${String(value)}", which does not exist`);
  }
}

const forkWorkflowVersion: WorkflowRule = {
  id: 'fork-workflow-version',
  severity: 'error',
  summary: 'the forkTaskWorkflowVersion is a number',
  reason: 'The workflow cannot start: the server answers 500 with a ClassCastException.',
  repair: 'Write the version as a string.',
  *check(subject) {
    for (const step of ofType(subject, 'FORK_JOIN_DYNAMIC')) {
      const version = step.input.forkTaskWorkflowVersion;
      if (typeof version !== 'number') continue;
      const field = `/inputParameters${part('forkTaskWorkflowVersion')}`;
      const fix = { summary: `"${version}"`, edits: [{ pointer: `${step.pointer}${field}`, value: String(version) }] };
      yield at(step, field, `forkTaskWorkflowVersion is the number ${version}`, { fix });
    }
  },
};

/** Rules about forks and JOINs. */
export const forkRules: readonly WorkflowRule[] = [
  forkWithoutJoin,
  forkWithoutBranches,
  joinOnUnknown,
  joinNeverEnds,
  joinOnSwitch,
  joinOnFork,
  joinOnRetried,
  joinOnNothing,
  joinWithoutList,
  dynamicForkParameters,
  forkWorkflowVersion,
];
