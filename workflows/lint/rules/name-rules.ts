import type { WorkflowRule } from '../rule.ts';
import { at, textOf } from '../subject.ts';
import { loopAround } from '../task-order.ts';

const duplicateReference: WorkflowRule = {
  id: 'duplicate-reference',
  severity: 'error',
  summary: 'two tasks have one taskReferenceName',
  reason: 'The server refuses the definition, also if the two stand in different branches.',
  repair: 'Give every task a reference of its own in the whole definition.',
  *check({ steps, byRef }) {
    for (const step of steps) {
      const first = byRef.get(step.ref);
      if (!first || first === step) continue;
      yield at(step, '/taskReferenceName', `"${step.ref}" is already the reference of ${first.pointer}`);
    }
  },
};

const referenceName: WorkflowRule = {
  id: 'reference-name',
  severity: 'error',
  summary: 'a taskReferenceName that no expression can name, or that means something else',
  reason:
    'Expressions end a reference at the first dot, "workflow" is the workflow itself, and "__" separates the rounds of a loop.',
  repair: 'Use letters, digits, - and _, and begin with a letter.',
  *check({ steps }) {
    for (const step of steps) {
      const { ref } = step;
      if (ref === '') continue;
      if (ref === 'workflow')
        yield at(step, '/taskReferenceName', '"workflow" means the workflow itself in every expression');
      else if (/[\s.${}[\]'"()*,:/]/.test(ref))
        yield at(step, '/taskReferenceName', `"${ref}" cannot stand in an expression`);
      else if (ref.includes('__') && (loopAround(step) || step.type === 'DO_WHILE')) {
        yield at(step, '/taskReferenceName', `"${ref}" holds "__", which the server takes for the number of a round`);
      }
    }
  },
};

const unusualName: WorkflowRule = {
  id: 'unusual-name',
  severity: 'warning',
  summary: 'a name with blanks or other characters that mean something elsewhere',
  reason:
    'The server takes any name, but ":" separates a domain from a task type in its queues, and "/" or blanks have to be escaped in every address.',
  repair: 'Use letters, digits, ".", - and _.',
  *check({ def, root, steps }) {
    const name = textOf(def.name);
    if (name !== '' && !USUAL.test(name))
      yield { pointer: `${root}/name`, message: `The workflow is called "${name}"` };
    for (const step of steps) {
      if (step.type === 'SIMPLE' && step.name !== '' && !USUAL.test(step.name))
        yield at(step, '/name', `The task is called "${step.name}"`);
    }
  },
};

const USUAL = /^[\w.-]+$/;

export const nameRules: readonly WorkflowRule[] = [duplicateReference, referenceName, unusualName];
