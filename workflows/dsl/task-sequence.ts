import type { WorkflowTask } from '../../core/conductor/types.ts';
import type { Build } from './build.ts';
import { type QueuedPlacement, type Step, step } from './builder-types.ts';
import { type Ref, type Refs, refs, type Spelled } from './refs.ts';
import * as plain from './system/plain-tasks.ts';

/** The values that a script reads from `$`. Write references here, never into the text of the script. */
export type ScriptInputs = Readonly<Record<string, unknown>> & Spelled;

/** Tasks that run one after the other, and the values that all of them can refer to. */
export class TaskSequence<V> {
  /** The workflow's variables. A task reads the value of the latest `set` that ran before it. */
  readonly variables: Refs<V> = refs('workflow.variables');
  /** The id of the running execution. */
  readonly workflowId: Ref<string> = refs('workflow.workflowId');
  readonly tasks: WorkflowTask[] = [];
  protected readonly build: Build;
  /** The reference of the loop around these tasks, if there is one. */
  protected readonly loop: string | undefined;

  constructor(build: Build, loop?: string) {
    this.build = build;
    this.loop = loop;
  }

  protected add<O>(ref: string, name: string, type: string, input: object, placement: Placement = {}): Step<O> {
    this.push({ ...plain.task(ref, type, input, name), ...placement });
    return step<O>(ref);
  }

  protected push(task: WorkflowTask): void {
    const { taskReferenceName: ref, startDelay, retryCount } = task;
    this.build.claim(ref);
    if (startDelay !== undefined) this.build.count(ref, 'seconds before it starts', startDelay, 0);
    if (retryCount !== undefined) this.build.count(ref, 'retries', retryCount, 0);
    this.tasks.push(task);
  }

  protected script(text: string): string {
    if (text.includes('${')) {
      throw this.build.mistake(
        'a script contains "${", which the server reads as a reference. Pass the value as an input.',
      );
    }
    return text;
  }
}

type Placement = QueuedPlacement & { asyncComplete?: boolean };
