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

const unusualName: WorkflowRule = {
  id: 'unusual-name',
  severity: 'warning',
  summary: 'a name contains spaces or other special characters',
  reason:
    'The server accepts any name. But in its queue names ":" separates the task type from a domain, and every URL must escape "/" and spaces.',
  repair: 'Use letters, digits, ".", - and _.',
  *check({ def, root, steps }) {
    const name = textOf(def.name);
    if (name !== '' && !USUAL.test(name))
      yield { pointer: `${root}/name`, message: `The name of the workflow is "${name}"` };
    for (const step of steps) {
      if (step.type === 'SIMPLE' && step.name !== '' && !USUAL.test(step.name))
        yield at(step, '/name', `The name of the task is "${step.name}"`);
    }
  },
};

const USUAL = /^[\w.-]+$/;

export const nameRules: readonly WorkflowRule[] = [duplicateReference, referenceName, unusualName];
