import { isObject } from '../../../core/json.ts';
import { isGuarded, mayBeNull } from '../null-values.ts';
import type { WorkflowRule } from '../rule.ts';
import type { KnownDefinitions } from '../subject.ts';
import { around, at, isDynamic, type LintedTask, objectOf, type Subject, subjectOf, textOf } from '../subject.ts';

/** The workflow that a task starts; undefined if the definition does not name it. */
function startedBy(step: LintedTask): { name: string; version: unknown; field: string } | undefined {
  const isSub = step.type === 'SUB_WORKFLOW';
  if (!isSub && step.type !== 'START_WORKFLOW') return undefined;
  const start = isSub ? objectOf(step.task.subWorkflowParam) : objectOf(step.input.startWorkflow);
  if (start.workflowDefinition || start.workflowDef) return undefined;
  const name = textOf(start.name);
  if (name === '' || isDynamic(name)) return undefined;
  return {
    name,
    version: start.version,
    field: isSub ? '/subWorkflowParam/name' : '/inputParameters/startWorkflow/name',
  };
}

const unknownWorkflow: WorkflowRule = {
  id: 'unknown-workflow',
  severity: 'error',
  summary: 'a task starts a workflow that does not exist',
  reason:
    'The server registers the definition. If a SUB_WORKFLOW has no version, every start answers 500. Otherwise the task fails when it runs.',
  repair: 'Correct the name or version, or register that workflow first.',
  *check(subject) {
    for (const step of subject.steps) {
      const started = startedBy(step);
      const why = started && absence(started, subject);
      if (started && why) yield at(step, started.field, `${step.type} starts "${started.name}", ${why}`);
    }
  },
};

function absence({ name, version }: { name: string; version: unknown }, { known, def }: Subject): string | undefined {
  if (!known.complete) return undefined;
  const versions = [...(known.workflows?.get(name) ?? []), ...(def.name === name ? [def] : [])];
  if (versions.length === 0) return 'which does not exist';
  if (version === undefined || version === null || isDynamic(version)) return undefined;
  const has = versions.some((other) => Number(objectOf(other).version ?? 1) === Number(version));
  return has ? undefined : `whose version ${textOf(version)} does not exist`;
}

const unknownFailureWorkflow: WorkflowRule = {
  id: 'unknown-failure-workflow',
  severity: 'error',
  summary: 'the failureWorkflow does not exist',
  reason: 'If an execution fails, no failure workflow starts. Only the output of the failed execution shows this.',
  repair: 'Correct the name, or register that workflow first.',
  *check({ def, root, known }) {
    const name = textOf(def.failureWorkflow);
    if (!known.complete || name === '' || isDynamic(name) || name === def.name || known.workflows?.has(name)) return;
    yield { pointer: `${root}/failureWorkflow`, message: `The failureWorkflow "${name}" does not exist` };
  },
};

const endlessRecursion: WorkflowRule = {
  id: 'endless-recursion',
  severity: 'error',
  summary: 'a workflow starts itself each time it runs',
  reason: 'Every execution starts another execution, without end.',
  repair: 'Put the task into a SWITCH that ends the recursion, or use a loop.',
  *check(subject) {
    const self = textOf(subject.def.name);
    if (self === '') return;
    for (const step of subject.steps) {
      const started = startedBy(step);
      if (!started || !isUnconditional(step) || !leadsTo(started.name, self, subject.known)) continue;
      const way = started.name === self ? '' : `, which starts "${self}" again`;
      yield at(step, started.field, `"${self}" always starts "${started.name}"${way}`);
    }
    if (subject.def.failureWorkflow === self) {
      yield {
        pointer: `${subject.root}/failureWorkflow`,
        message: `"${self}" is its own failureWorkflow: as long as it fails, it starts itself again`,
      };
    }
  },
};

function leadsTo(name: string, self: string, known: KnownDefinitions, seen = new Set<string>()): boolean {
  if (name === self) return true;
  if (seen.has(name)) return false;
  seen.add(name);
  const latest = known.workflows?.get(name)?.filter(isObject).at(-1);
  if (!latest) return false;
  const started = subjectOf(latest, known)
    .steps.filter(isUnconditional)
    .flatMap((step) => startedBy(step) ?? []);
  return started.some((next) => leadsTo(next.name, self, known, seen));
}

function isUnconditional(step: LintedTask): boolean {
  return [step, ...around(step)].every(({ kind }) => kind !== 'case' && kind !== 'default') && !mayEndBefore(step);
}

/** True if an earlier TERMINATE may end the execution before this task. */
function mayEndBefore(step: LintedTask): boolean {
  for (let { previous } = step; previous; previous = previous.previous) {
    if (
      previous.type === 'TERMINATE' ||
      previous.inside.some(({ steps }) => steps.some(({ type }) => type === 'TERMINATE'))
    )
      return true;
  }
  return false;
}

/** The SUB_WORKFLOWs whose workflow only an execution decides. */
function dynamicCallees({ steps }: Subject): { step: LintedTask; name: string }[] {
  return steps.flatMap((step) => {
    if (step.type !== 'SUB_WORKFLOW') return [];
    const { name, workflowDefinition } = objectOf(step.task.subWorkflowParam);
    return isDynamic(name) && !workflowDefinition ? [{ step, name: textOf(name) }] : [];
  });
}

const calleeWithoutVersion: WorkflowRule = {
  id: 'callee-without-version',
  severity: 'error',
  summary: 'a SUB_WORKFLOW names its workflow by an expression and has no version',
  reason:
    'The server looks for the latest version before it knows the name, so every start of the workflow answers 500.',
  repair: 'Write subWorkflowParam.version, or choose between fixed names with a SWITCH.',
  *check(subject) {
    for (const { step, name } of dynamicCallees(subject)) {
      const { version } = objectOf(step.task.subWorkflowParam);
      if (version === undefined || version === null)
        yield at(step, '/subWorkflowParam/version', `The workflow is "${name}", without a version`);
    }
  },
};

const calleeMayBeNull: WorkflowRule = {
  id: 'callee-may-be-null',
  severity: 'warning',
  summary: 'the name of the workflow that a SUB_WORKFLOW starts may be null',
  reason:
    'If it is null, the server fails each time it looks at the execution: nothing is open, and the execution hangs forever. As the first task, the start answers 500.',
  repair:
    'Give the value a default in inputTemplate or variables. Or put the task behind a SWITCH on the same value, whose case "null" ends with a TERMINATE.',
  *check(subject) {
    for (const { step, name } of dynamicCallees(subject)) {
      const use = subject.uses.find(({ pointer }) => pointer === `${step.pointer}/subWorkflowParam/name`);
      if (use?.whole && mayBeNull(use, subject) && !isGuarded(step, name))
        yield at(step, '/subWorkflowParam/name', `${name} may be null`);
    }
  },
};

/** Rules about the workflows that a workflow starts. */
export const startedWorkflowRules: readonly WorkflowRule[] = [
  calleeWithoutVersion,
  calleeMayBeNull,
  unknownWorkflow,
  unknownFailureWorkflow,
  endlessRecursion,
];
