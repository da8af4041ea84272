import { NESTED_LOOP } from '../../../core/conductor/task-types.ts';
import type { WorkflowRule } from '../rule.ts';
import { at, ofType, part, type Step, textOf } from '../subject.ts';
import { loopAround } from '../task-order.ts';
import { codeOf } from '../task-scripts.ts';

const isOverItems = ({ task, input }: Step) => textOf(task.items).trim() !== '' || Boolean(input._items);

const loopWithoutCondition: WorkflowRule = {
  id: 'loop-without-condition',
  severity: 'error',
  summary: 'a DO_WHILE without loopCondition',
  reason: 'The server refuses it, also if it runs over items and needs no condition.',
  repair: 'Write the condition on which it goes on; over items, "true".',
  *check(subject) {
    for (const step of ofType(subject, 'DO_WHILE')) {
      const { loopCondition } = step.task;
      if (loopCondition !== undefined && loopCondition !== null && textOf(loopCondition).trim() !== '') continue;
      const fix = {
        summary: '"loopCondition": "true"',
        edits: [{ pointer: `${step.pointer}/loopCondition`, value: 'true' }],
      };
      yield at(step, '/loopCondition', 'The loop has no loopCondition', isOverItems(step) ? { fix } : {});
    }
  },
};

const loopWithoutTasks: WorkflowRule = {
  id: 'loop-without-tasks',
  severity: 'error',
  summary: 'a DO_WHILE without tasks',
  reason: 'The server refuses it.',
  repair: 'Put the tasks of a round into loopOver.',
  *check(subject) {
    for (const step of ofType(subject, 'DO_WHILE')) {
      if (step.inside.length === 0) yield at(step, '/loopOver', 'The loop has no tasks');
    }
  },
};

const endlessLoop: WorkflowRule = {
  id: 'endless-loop',
  severity: 'error',
  summary: 'a DO_WHILE whose condition is always true',
  reason: 'The execution never ends, and grows by its tasks with every round.',
  repair: "Count the rounds: $.loop['iteration'] < 10, or run over items.",
  *check(subject) {
    for (const step of ofType(subject, 'DO_WHILE')) {
      const condition = textOf(step.task.loopCondition);
      const isAlways = /^\s*(?:return\s+)?\(?\s*(?:true|1|!0)\s*\)?\s*;?\s*$/.test(condition);
      if (isAlways && !isOverItems(step)) yield at(step, '/loopCondition', `The condition is "${condition}"`);
    }
  },
};

const unboundedLoop: WorkflowRule = {
  id: 'unbounded-loop',
  severity: 'warning',
  summary: 'a DO_WHILE whose condition does not count the rounds',
  reason: 'If what it waits for never comes, it goes round for ever.',
  repair: "Add a limit: $.loop['iteration'] < 100 && (…).",
  *check(subject) {
    for (const step of ofType(subject, 'DO_WHILE')) {
      const condition = textOf(step.task.loopCondition);
      if (condition === '' || isOverItems(step) || /\biteration\b/.test(condition)) continue;
      if (/^\s*(?:true|1|!0|false|0)\s*;?\s*$/.test(codeOf(condition))) continue; // once, or endless: another rule
      yield at(step, '/loopCondition', `Nothing limits the rounds of "${step.ref}"`);
    }
  },
};

const keepLastN: WorkflowRule = {
  id: 'keep-last-n',
  severity: 'error',
  summary: 'keepLastN that is no whole number from 1',
  reason:
    'The server takes it as written, without resolving expressions; what is no number stops the loop with an exception each round.',
  repair: 'Write a whole number.',
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
  summary: 'a DO_WHILE inside another one',
  reason: `In an execution, ${NESTED_LOOP}.`,
  repair:
    'Put the inner loop into a workflow of its own and call that with SUB_WORKFLOW; its definition can stand in the task.',
  *check(subject) {
    for (const step of ofType(subject, 'DO_WHILE')) {
      const outer = loopAround(step);
      if (outer) yield at(step, '', `The loop "${step.ref}" is inside the loop "${outer.ref}"`);
    }
  },
};

/** Rules about DO_WHILE. */
export const loopRules: readonly WorkflowRule[] = [
  loopWithoutCondition,
  loopWithoutTasks,
  endlessLoop,
  unboundedLoop,
  keepLastN,
  nestedLoop,
];
