import { isUsualName, NAME_REPAIR, unreachableName } from '../../../core/names.ts';
import type { WorkflowRule } from '../rule.ts';
import { at, textOf } from '../subject.ts';
import { loopAround } from '../task-order.ts';

const duplicateReference: WorkflowRule = {
  id: 'duplicate-reference',
  severity: 'error',
  summary: 'two tasks have the same taskReferenceName',
  reason: 'The server rejects the definition, even if the two tasks are in different branches.',
  repair: 'Give every task of the definition its own reference.',
  *check({ steps, byRef }) {
    for (const step of steps) {
      const first = byRef.get(step.ref);
      if (!first || first === step) continue;
      yield at(step, '/taskReferenceName', `The task at ${first.pointer} already has the reference "${step.ref}"`);
    }
  },
};

const referenceName: WorkflowRule = {
  id: 'reference-name',
  severity: 'error',
  summary: 'no expression can use a taskReferenceName, or the name already has another meaning',
  reason:
    'In an expression, a dot ends the reference and "workflow" is the workflow itself. "__2" after a reference means round 2 of a loop.',
  repair: 'Use letters, digits, - and _. Begin with a letter.',
  *check({ steps }) {
    for (const step of steps) {
      const { ref } = step;
      if (ref === '') continue;
      if (ref === 'workflow')
        yield at(step, '/taskReferenceName', 'In every expression, "workflow" means the workflow itself');
      else if (/[\s.${}[\]'"()*,:/]/.test(ref)) yield at(step, '/taskReferenceName', `No expression can name "${ref}"`);
      else if (ref.includes('__') && (loopAround(step) || step.type === 'DO_WHILE')) {
        yield at(
          step,
          '/taskReferenceName',
          `"${ref}" contains "__", and the server reads what follows as the number of a round`,
        );
      }
    }
  },
};

const unreachable: WorkflowRule = {
  id: 'unreachable-name',
  severity: 'error',
  summary: 'the server can never fetch or delete something of this name',
  reason:
    'The server registers the definition, but no URL can contain the name. The definition cannot be fetched, changed or deleted, and no worker can poll the task.',
  repair: NAME_REPAIR,
  *check({ def, root, steps }) {
    const name = textOf(def.name);
    const why = unreachableName(name);
    if (why)
      yield { pointer: `${root}/name`, message: `The workflow cannot be called ${JSON.stringify(name)}: ${why}` };
    for (const step of steps) {
      const reason = step.type === 'SIMPLE' ? unreachableName(step.name) : undefined;
      if (reason) yield at(step, '/name', `The task cannot be called ${JSON.stringify(step.name)}: ${reason}`);
    }
  },
};

const unusualName: WorkflowRule = {
  id: 'unusual-name',
  severity: 'warning',
  summary: 'a name contains spaces or other special characters',
  reason:
    'The server accepts the name. But in its queue names ":" separates the task type from a domain, and its search does not find executions whose workflow has a comma, a quote or a parenthesis in its name.',
  repair: NAME_REPAIR,
  *check({ def, root, steps }) {
    const name = textOf(def.name);
    if (isUnusual(name)) yield { pointer: `${root}/name`, message: `The name of the workflow is "${name}"` };
    for (const step of steps) {
      if (step.type === 'SIMPLE' && isUnusual(step.name))
        yield at(step, '/name', `The name of the task is "${step.name}"`);
    }
  },
};

/** A name that the rule before does not report. */
const isUnusual = (name: string) => name !== '' && !isUsualName(name) && unreachableName(name) === undefined;

export const nameRules: readonly WorkflowRule[] = [duplicateReference, referenceName, unreachable, unusualName];
