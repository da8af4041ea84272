import { isSynchronous, roleOf } from '../../../core/conductor/task-types.ts';
import type { Problem, WorkflowRule } from '../rule.ts';
import { at, isDynamic, ofRole, ofType, part, type Step, type Subject, taskDefOf } from '../subject.ts';
import { loopAround } from '../task-order.ts';

const forkWithoutJoin: WorkflowRule = {
  id: 'fork-without-join',
  severity: 'error',
  summary: 'a fork that is not followed by a JOIN at once',
  reason: 'The server registers it, and fails every execution when it comes to the fork.',
  repair: 'Put a JOIN directly behind it; behind FORK_JOIN with joinOn the last task of each branch.',
  *check(subject) {
    for (const step of ofRole(subject, 'fork')) {
      if (step.next?.type === 'JOIN') continue;
      yield at(step, '', `${step.type} is followed by ${step.next ? step.next.type : 'nothing'}`);
    }
  },
};

const forkWithoutBranches: WorkflowRule = {
  id: 'fork-without-branches',
  severity: 'error',
  summary: 'a fork without branches, or with an empty one',
  reason: 'The server refuses a fork without branches, and cannot start a workflow whose fork has an empty one.',
  repair: 'Give every branch a task (NOOP does nothing), or remove it.',
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

/** Every reference in a `joinOn` that the server obeys. */
function* joins(subject: Subject): Generator<{ join: Step; ref: string; target: Step | undefined; field: string }> {
  for (const join of ofType(subject, 'JOIN')) {
    const { joinOn } = join.task;
    // Behind a dynamic fork the server waits for the tasks it has made, whatever stands here.
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
  summary: 'a JOIN on a task that does not exist',
  reason: 'The server registers it, and the JOIN waits for ever.',
  repair: 'Name the last task of a branch by its taskReferenceName.',
  *check(subject) {
    const makesTasks = subject.steps.some(({ type }) => type === 'FORK_JOIN_DYNAMIC');
    for (const { join, ref, target, field } of joins(subject)) {
      if (target || (makesTasks && !isDynamic(ref))) continue;
      yield at(join, field, `The JOIN waits for "${ref}", which is no task of this definition`);
    }
  },
};

const joinNeverEnds: WorkflowRule = {
  id: 'join-never-ends',
  severity: 'error',
  summary: 'a JOIN on a task that may never run, or not before the JOIN has ended',
  reason: 'The server registers it, and the JOIN waits for ever.',
  repair:
    'Wait for tasks of the branches that always run. Where a branch ends in a SWITCH, put a NOOP behind it and wait for that.',
  *check(subject) {
    for (const { join, ref, target, field } of joins(subject)) {
      const why = target && hindrance(subject, join, target);
      if (why) yield at(join, field, `The JOIN waits for "${ref}", ${why}`);
    }
  },
};

function hindrance({ order }: Subject, join: Step, target: Step): string | undefined {
  if (target === join) return 'which is itself';
  if (loopAround(target) !== loopAround(join))
    return 'which is in another loop, where its name is another one in each round';
  if (!order.isCertainFor(target, join)) return 'which runs in one case of a SWITCH only';
  if (order.waitsFor(target, join)) return 'which comes only after this JOIN';
  return undefined;
}

const joinOnSwitch: WorkflowRule = {
  id: 'join-on-switch',
  severity: 'warning',
  summary: 'a JOIN on a SWITCH',
  reason: 'A SWITCH has ended as soon as it has chosen: the JOIN goes on while the tasks of the chosen case still run.',
  repair: 'Put a NOOP behind the SWITCH in its branch and wait for that one.',
  *check(subject) {
    for (const { join, ref, target, field } of joins(subject)) {
      if (!target || roleOf(target.type) !== 'choice' || target.inside.length === 0) continue;
      yield at(join, field, `The JOIN waits for the SWITCH "${ref}", not for what it chooses`);
    }
  },
};

const joinOnFork: WorkflowRule = {
  id: 'join-on-fork',
  severity: 'warning',
  summary: 'a JOIN on a fork',
  reason: 'A fork has ended as soon as it has started its branches: the JOIN goes on while they still run.',
  repair: 'Wait for the JOIN of that fork.',
  *check(subject) {
    for (const { join, ref, target, field } of joins(subject)) {
      if (target && roleOf(target.type) === 'fork')
        yield at(join, field, `The JOIN waits for the fork "${ref}", not for its branches`);
    }
  },
};

const joinOnRetried: WorkflowRule = {
  id: 'join-on-retried',
  severity: 'warning',
  summary: 'a JOIN on a task that is retried',
  reason:
    'A JOIN can look at the task in the moment between a failed attempt and its retry; then it fails, and the workflow with it.',
  repair: 'Put a NOOP behind the task in its branch and wait for that one.',
  *check(subject) {
    for (const { join, ref, target, field } of joins(subject)) {
      if (!target || isSynchronous(target.type) || !isRetried(target, subject)) continue;
      yield at(join, field, `The JOIN waits for "${ref}", which is retried when it fails`);
    }
  },
};

/** As far as it is known. */
function isRetried(step: Step, { known }: Subject): boolean {
  const retries = step.task.retryCount ?? taskDefOf(step, known)?.retryCount;
  return typeof retries === 'number' && retries > 0;
}

const joinOnNothing: WorkflowRule = {
  id: 'join-on-nothing',
  severity: 'warning',
  summary: 'a JOIN that waits for none of the branches',
  reason: 'It ends at once, and the workflow goes on while the branches still run.',
  repair: 'Put the last task of each branch into joinOn.',
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
  summary: 'a JOIN without a list to wait for, where the server needs one',
  reason: 'null is not an empty list: the JOIN fails in the server each time it is looked at, and never ends.',
  repair: 'Give joinOn a list.',
  *check(subject) {
    for (const join of ofType(subject, 'JOIN')) {
      if (join.task.joinOn === null) yield at(join, '/joinOn', 'joinOn is null');
    }
  },
};

const dynamicForkParameters: WorkflowRule = {
  id: 'dynamic-fork-parameters',
  severity: 'error',
  summary: 'a dynamic fork that is not told its tasks, or in two ways',
  reason: 'The server refuses it, or fails the execution when it comes to the fork.',
  repair:
    'Name two inputs in dynamicForkTasksParam (a list of tasks) and dynamicForkTasksInputParamName (inputs by reference), or give forkTaskName and forkTaskInputs.',
  *check(subject) {
    for (const step of ofType(subject, 'FORK_JOIN_DYNAMIC'))
      if (!('forkTaskInputs' in step.input)) yield* missingParameters(step);
  },
};

function* missingParameters(step: Step): Generator<Problem> {
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
        'dynamicForkJoinTasksParam stands beside the parameters that replace it',
      );
    else if (!(String(legacy) in step.input))
      yield at(step, '/inputParameters', `There is no input "${String(legacy)}"`);
    return;
  }
  for (const [field, value] of Object.entries({
    dynamicForkTasksParam: tasks,
    dynamicForkTasksInputParamName: inputs,
  })) {
    if (value === undefined || value === null) yield at(step, `/${field}`, `${field} is missing`);
    else if (!(String(value) in step.input))
      yield at(step, '/inputParameters', `${field} names the input "${String(value)}", which is not there`);
  }
}

const forkWorkflowVersion: WorkflowRule = {
  id: 'fork-workflow-version',
  severity: 'error',
  summary: 'forkTaskWorkflowVersion as a number',
  reason: 'The start of the workflow answers 500 with a ClassCastException.',
  repair: 'Write it as a text.',
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

/** Rules about forks and what waits for them. */
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
