import { isObject } from '../../core/json.ts';
import { type Known, NOTHING_KNOWN } from './known.ts';
import { type Finding, findingsOf, type TaskDefRule, type WorkflowRule } from './rule.ts';
import { form, wrongType } from './rules/form.ts';
import { ignored } from './rules/ignored.ts';
import { inputs } from './rules/inputs.ts';
import { joinsAndForks } from './rules/joins.ts';
import { limits } from './rules/limits.ts';
import { loops } from './rules/loops.ts';
import { names } from './rules/names.ts';
import { references } from './rules/references.ts';
import { scriptRules } from './rules/scripts.ts';
import { switchRules } from './rules/switches.ts';
import { taskDefinition } from './rules/task-definition.ts';
import { taskTypes } from './rules/task-types.ts';
import { values } from './rules/values.ts';
import { workflows } from './rules/workflows.ts';
import { objectOf, subjectOf } from './subject.ts';

export { applyFixes } from './fix.ts';
export type { Known } from './known.ts';
export type { Edit, Finding, Fix, Rule, Severity } from './rule.ts';

/** What is looked for in workflow definitions, in the order in which it is told. */
export const workflowRules: readonly WorkflowRule[] = [
  ...form,
  ...names,
  ...taskTypes,
  ...inputs,
  ...references,
  ...scriptRules,
  ...switchRules,
  ...loops,
  ...joinsAndForks,
  ...workflows,
  ...limits,
  ...values,
  ...ignored,
];

/** What is looked for in task definitions. */
export const taskDefRules: readonly TaskDefRule[] = taskDefinition;

/** All rules, without what they do. */
export const rules: readonly Omit<WorkflowRule, 'check'>[] = [...workflowRules, ...taskDefRules];

/**
 * What is wrong with a workflow definition, as far as it can be told without running it. What passes without an error registers on the
 * server and does not hang for want of form. Workflows written inside it are looked at as well. Pure; never throws on any JSON.
 */
export function lintWorkflow(def: unknown, known: Known = NOTHING_KNOWN): Finding[] {
  return lintAt(def, known, '');
}

/** What is wrong with a task definition. Pure; never throws on any JSON. */
export function lintTaskDef(def: unknown): Finding[] {
  return isObject(def) ? findingsOf(taskDefRules, { def }) : [notAnObject('task definition', '')];
}

function lintAt(def: unknown, known: Known, root: string): Finding[] {
  if (!isObject(def)) return [notAnObject('workflow definition', root)];
  const subject = subjectOf(def, known, root);
  // Where a list of tasks holds something else, no place behind it can be told.
  const misshapen = findingsOf([wrongType], subject).filter(({ pointer }) => HOLDS_TASKS.test(pointer));
  if (misshapen.length > 0) return misshapen;
  const inline = subject.steps.flatMap(({ type, task, pointer }) => {
    const { workflowDefinition } = objectOf(task.subWorkflowParam);
    if (type !== 'SUB_WORKFLOW' || !isObject(workflowDefinition)) return [];
    return lintAt(workflowDefinition, known, `${pointer}/subWorkflowParam/workflowDefinition`);
  });
  return [...findingsOf(workflowRules, subject), ...inline];
}

const HOLDS_TASKS = /\/(?:tasks|loopOver|defaultCase|forkTasks(?:\/\d+)?|decisionCases(?:\/[^/]*)?)(?:\/\d+)?$/;

function notAnObject(what: string, pointer: string): Finding {
  const { id, severity, reason } = wrongType;
  return { rule: id, severity, pointer, message: `This is no ${what}`, reason, repair: 'Write a JSON object.' };
}
