import { z } from 'zod';
import type { WorkflowTask } from '../../../core/conductor/types.ts';
import { call, type Statement } from '../code/code.ts';
import { literal } from '../code/literals.ts';
import { type Source, stepRoot, type Visible } from '../expressions/scope.ts';
import type { Writer } from '../writer.ts';
import type { Built, Leaf, Writing } from './built.ts';
import { fork, isFork, loop, switchOn } from './flow.ts';
import * as leaves from './leaves.ts';
import { raw } from './raw.ts';
import * as services from './services.ts';

/** The builder to which a sequence of tasks is added: `wf`, or what a branch is handed. */
export class Param {
  readonly name: string;
  used = false;

  constructor(name: string) {
    this.name = name;
  }

  /** The code of one of its methods. */
  method(name: string): string {
    this.used = true;
    return `${this.name}.${name}`;
  }
}

/** Where a sequence of tasks is written. */
export interface Place {
  writer: Writer;
  visible: Visible;
  param: Param;
}

const LEAVES: Readonly<Record<string, Leaf>> = {
  SIMPLE: leaves.simple,
  HTTP: leaves.http,
  INLINE: leaves.inline,
  JSON_JQ_TRANSFORM: leaves.jq,
  SET_VARIABLE: leaves.setVariable,
  TERMINATE: leaves.terminate,
  WAIT: leaves.wait,
  HUMAN: leaves.human,
  SUB_WORKFLOW: leaves.subWorkflow,
  START_WORKFLOW: leaves.startWorkflow,
  LLM_CHAT_COMPLETE: services.llmChat,
  LLM_TEXT_COMPLETE: services.llmText,
  LLM_GENERATE_EMBEDDINGS: services.embed,
  LIST_MCP_TOOLS: services.listMcpTools,
  CALL_MCP_TOOL: services.callMcpTool,
};

type Flow = (task: WorkflowTask, place: Place) => Built | undefined;

const FLOW: Readonly<Record<string, Flow>> = { SWITCH: switchOn, DO_WHILE: loop };

/** The statements that add these tasks, each by the best method that reproduces it. */
export function sequence(tasks: readonly WorkflowTask[], place: Place): Statement[] {
  const statements: Statement[] = [];
  for (let index = 0; index < tasks.length; index++) {
    const task = tasks[index] as WorkflowTask;
    const join = tasks[index + 1];
    const forked = isFork(task, join, place) ? fork(task, place) : undefined;
    if (forked) index++;
    statements.push(statement(task, forked ?? written(task, place), place));
  }
  return statements;
}

function written(task: WorkflowTask, place: Place): Built {
  const { writer, visible } = place;
  const writing: Writing = { writer, visible, refer: writer.refer(visible) };
  if (writer.grade(task.taskReferenceName) === 'built') {
    const built = Object.hasOwn(LEAVES, task.type) ? LEAVES[task.type]?.(task, writing) : undefined;
    if (built) return built;
    const flow = Object.hasOwn(FLOW, task.type) ? FLOW[task.type]?.(task, place) : undefined;
    if (flow) return flow;
  }
  return raw(task, place);
}

/** Makes a step visible: what it answers, and how it ended. */
function addStep(visible: Visible, ref: string, { code, schema, use }: Source): void {
  visible.add(`${ref}.output`, { code: `${code}.output`, schema, use });
  visible.add(`${ref}.status`, { code: `${code}.status`, schema: z.string(), use });
  visible.add(stepRoot(ref), { code, schema, use });
}

/** Adds the step to what can be seen from here on. */
function statement(
  task: WorkflowTask,
  { method, args, output, brings }: Built,
  { writer, visible, param }: Place,
): Statement {
  const ref = task.taskReferenceName;
  const name = writer.names.make(ref, 'step');
  let used = false;
  const use = () => {
    used = true;
  };
  addStep(visible, ref, { code: name, schema: output, use });
  for (const { ref: inner, code, schema } of brings ?? [])
    addStep(visible, inner, { code: `${name}${code}`, schema, use });
  const value = call(param.method(method), [literal(ref), ...args], ref);
  return { kind: 'const', name, used: () => used, value };
}
