import { NESTED_LOOP } from '../../../core/conductor/task-types.ts';
import type { WorkflowRule } from '../rule.ts';
import { at, isOverItems, type LintedTask, ofType, part, textOf } from '../subject.ts';
import { loopAround } from '../task-order.ts';
import { codeOf } from '../task-scripts.ts';

const hasNoCondition = ({ task: { loopCondition } }: LintedTask) =>
  loopCondition === undefined || loopCondition === null;
const isAlwaysTrue = ({ task: { loopCondition } }: LintedTask) =>
  /^\s*(?:return\s+)?\(?\s*(?:true|1|!0)\s*\)?\s*;?\s*$/.test(textOf(loopCondition));

/** True if the author meant a loop over items: the condition does not use the input `items`, and ends no loop. */
function hasMisplacedItems(step: LintedTask): boolean {
  const { items } = step.input;
  if (items === undefined || items === null || isOverItems(step)) return false;
  return hasNoCondition(step) || textOf(step.task.loopCondition).trim() === '' || isAlwaysTrue(step);
}

const misplacedItems: WorkflowRule = {
  id: 'misplaced-items',
  severity: 'error',
  summary: 'the items of a DO_WHILE are in its inputParameters',
  reason:
    'The server reads items only as a field of the task, next to loopCondition. Without it, the loop runs once or never ends.',
  repair: 'Move items out of inputParameters, next to loopCondition, and write "true" as the loopCondition.',
  *check(subject) {
    for (const step of ofType(subject, 'DO_WHILE')) {
      if (!hasMisplacedItems(step)) continue;
      const { items } = step.input;
      const isText = typeof items === 'string';
      const place = { pointer: `${step.pointer}/${isText ? 'items' : 'inputParameters/_items'}`, value: items };
      const edits = [
        { pointer: `${step.pointer}/inputParameters/items` },
        place,
        { pointer: `${step.pointer}/loopCondition`, value: 'true' },
      ];
      yield at(step, '/inputParameters/items', 'The loop does not see the items in its inputParameters', {
        fix: { summary: isText ? 'items is moved to the task' : 'items becomes _items', edits },
        ...(!isText && { repair: 'Call the input "_items", and write "true" as the loopCondition.' }),
      });
    }
  },
};

const loopWithoutCondition: WorkflowRule = {
  id: 'loop-without-condition',
  severity: 'error',
  summary: 'a DO_WHILE has no loopCondition',
  reason:
    'Without the field, the server rejects the definition, also for a loop over items. With an empty condition, the loop runs only once.',
  repair: "Write the condition under which the loop continues, for example $.loop['iteration'] < 10.",
  *check(subject) {
    for (const step of ofType(subject, 'DO_WHILE')) {
      if (hasMisplacedItems(step)) continue;
      const fix = {
        summary: '"loopCondition": "true"',
        edits: [{ pointer: `${step.pointer}/loopCondition`, value: 'true' }],
      };
      const overItems = { repair: 'Write "true": the loop ends after the last item.', fix };
      if (hasNoCondition(step))
        yield at(step, '/loopCondition', 'The loop has no loopCondition', isOverItems(step) ? overItems : {});
      else if (textOf(step.task.loopCondition).trim() === '' && !isOverItems(step))
        yield at(step, '/loopCondition', 'The loopCondition is empty');
    }
  },
};

const loopWithoutTasks: WorkflowRule = {
  id: 'loop-without-tasks',
  severity: 'error',
  summary: 'a DO_WHILE has no tasks',
  reason: 'The server rejects the definition.',
  repair: 'Write the tasks of a round into loopOver.',
  *check(subject) {
    for (const step of ofType(subject, 'DO_WHILE')) {
      if (step.inside.length === 0) yield at(step, '/loopOver', 'The loop has no tasks');
    }
  },
};

const endlessLoop: WorkflowRule = {
  id: 'endless-loop',
  severity: 'error',
  summary: 'the condition of a DO_WHILE is always true',
  reason: 'The execution never ends, and every round adds tasks to it.',
  repair: "Limit the rounds, for example $.loop['iteration'] < 10, or loop over items.",
  *check(subject) {
    for (const step of ofType(subject, 'DO_WHILE')) {
      if (!isAlwaysTrue(step) || isOverItems(step) || hasMisplacedItems(step)) continue;
      yield at(step, '/loopCondition', `The condition is "${textOf(step.task.loopCondition)}"`);
    }
  },
};

const unboundedLoop: WorkflowRule = {
  id: 'unbounded-loop',
  severity: 'warning',
  summary: 'the condition of a DO_WHILE does not limit the rounds',
  reason: 'If the condition never becomes false, the loop never ends.',
  repair: "Add a limit: $.loop['iteration'] < 100 && (…).",
  *check(subject) {
    for (const step of ofType(subject, 'DO_WHILE')) {
      const condition = textOf(step.task.loopCondition);
      if (condition.trim() === '' || isOverItems(step) || /\biteration\b/.test(condition)) continue;
      if (/^\s*(?:true|1|!0|false|0)\s*;?\s*$/.test(codeOf(condition))) continue; // runs once, or another rule reports that it never ends
      yield at(step, '/loopCondition', `The condition does not limit the rounds of "${step.ref}"`);
    }
  },
};

const keepLastN: WorkflowRule = {
  id: 'keep-last-n',
  severity: 'error',
  summary: 'the keepLastN of a DO_WHILE is not a whole number of at least 1',
  reason:
    'The server does not resolve expressions in keepLastN. If it is not a number, every round fails with an exception.',
  repair: 'Write a whole number of at least 1.',
  *check(subject) {
    for (const step of ofType(subject, 'DO_WHILE')) {
      const value = step.input.keepLastN;
      if (value === undefined || value === null || (Number.isSafeInteger(value) && Number(value) >= 1)) continue;
      yield at(step, `/inputParameters${part('keepLastN')}`, `keepLastN is ${JSON.stringify(value)}`);
    }
  },
};

const nestedLoop: WorkflowRule = {
  id: 'nested-loop',
  severity: 'error',
  summary: 'a DO_WHILE is inside another DO_WHILE',
  reason: `In an execution, ${NESTED_LOOP}.`,
  repair:
    'Put the inner loop into a workflow of its own and call this workflow with SUB_WORKFLOW. The SUB_WORKFLOW task can contain the definition of this workflow.',
  *check(subject) {
    for (const step of ofType(subject, 'DO_WHILE')) {
      const outer = loopAround(step);
      if (outer) yield at(step, '', `The loop "${step.ref}" is inside the loop "${outer.ref}"`);
    }
  },
};

/** Rules about DO_WHILE. */
export const loopRules: readonly WorkflowRule[] = [
  misplacedItems,
  loopWithoutCondition,
  loopWithoutTasks,
  endlessLoop,
  unboundedLoop,
  keepLastN,
  nestedLoop,
];
