import { isObject } from '../../core/json.ts';
import { type Finding, findingsOf, type TaskDefRule, type WorkflowRule } from './rule.ts';
import { forkRules } from './rules/fork-rules.ts';
import { formRules, wrongType } from './rules/form-rules.ts';
import { ignoredFieldRules } from './rules/ignored-field-rules.ts';
import { inputRules } from './rules/input-rules.ts';
import { jqRules } from './rules/jq-rules.ts';
import { limitRules } from './rules/limit-rules.ts';
import { loopRules } from './rules/loop-rules.ts';
import { nameRules } from './rules/name-rules.ts';
import { referenceRules } from './rules/reference-rules.ts';
import { scriptRules } from './rules/script-rules.ts';
import { startedWorkflowRules } from './rules/started-workflow-rules.ts';
import { switchRules } from './rules/switch-rules.ts';
import { taskDefinitionRules } from './rules/task-definition-rules.ts';
import { taskTypeRules } from './rules/task-type-rules.ts';
import { valueRules } from './rules/value-rules.ts';
import { type KnownDefinitions, NOTHING_KNOWN, objectOf, subjectOf } from './subject.ts';

export { applyFixes } from './apply-fixes.ts';
export type { Edit, Finding, Fix, Rule, Severity } from './rule.ts';
export type { KnownDefinitions } from './subject.ts';

/** The rules for workflow definitions, in the order in which findings are reported. */
export const workflowRules: readonly WorkflowRule[] = [
  ...formRules,
  ...nameRules,
  ...taskTypeRules,
  ...inputRules,
  ...referenceRules,
  ...scriptRules,
  ...jqRules,
  ...switchRules,
  ...loopRules,
  ...forkRules,
  ...startedWorkflowRules,
  ...limitRules,
  ...valueRules,
  ...ignoredFieldRules,
];

/** The rules for task definitions. */
export const taskDefRules: readonly TaskDefRule[] = taskDefinitionRules;

/** All rules, without their checks. */
export const rules: readonly Omit<WorkflowRule, 'check'>[] = [...workflowRules, ...taskDefRules];

/**
 * Finds the problems of a workflow definition that show without an execution. If no finding is an error, the server accepts the definition,
 * and no execution hangs because of its form. Workflow definitions inside it are checked too. Pure: never throws on any JSON.
 */
export function lintWorkflow(def: unknown, known: KnownDefinitions = NOTHING_KNOWN): Finding[] {
  return lintAt(def, known, '');
}

/** Finds the problems of a task definition. Pure: never throws on any JSON. */
export function lintTaskDef(def: unknown): Finding[] {
  return isObject(def) ? findingsOf(taskDefRules, { def }) : [notAnObject('task definition', '')];
}

function lintAt(def: unknown, known: KnownDefinitions, root: string): Finding[] {
  if (!isObject(def)) return [notAnObject('workflow definition', root)];
  const subject = subjectOf(def, known, root);
  // If a list of tasks contains a value that is not a task, the pointers of the tasks after it would be wrong.
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
  return { rule: id, severity, pointer, message: `This is not a ${what}`, reason, repair: 'Write a JSON object.' };
}
