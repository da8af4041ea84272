import { NESTED_LOOP } from '../../../core/conductor/task-types.ts';
import type { WorkflowRule } from '../rule.ts';
import { at, type LintedTask, ofType, part, textOf } from '../subject.ts';
import { loopAround } from '../task-order.ts';
import { codeOf } from '../task-scripts.ts';

const isOverItems = ({ task, input }: LintedTask) => textOf(task.items).trim() !== '' || Boolean(input._items);

const loopWithoutCondition: WorkflowRule = {
  id: 'loop-without-condition',
  severity: 'error',
  summary: 'a DO_WHILE has no loopCondition',
  reason: 'The server rejects the definition, even if the loop runs over items.',
  repair: 'Write the condition under which the loop continues. For a loop over items, write "true".',
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
      const condition = textOf(step.task.loopCondition);
      const isAlways = /^\s*(?:return\s+)?\(?\s*(?:true|1|!0)\s*\)?\s*;?\s*$/.test(condition);
      if (isAlways && !isOverItems(step)) yield at(step, '/loopCondition', `The condition is "${condition}"`);
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
      if (condition === '' || isOverItems(step) || /\biteration\b/.test(condition)) continue;
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
  loopWithoutCondition,
  loopWithoutTasks,
  endlessLoop,
  unboundedLoop,
  keepLastN,
  nestedLoop,
];
