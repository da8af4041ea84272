import type { EventHandler, Schedule, Workflow } from '../../../core/contract.ts';

export interface TemplateSpec<W extends Workflow = Workflow> {
  /** What users ask for it by, `snake_case`; the file is named after it. */
  name: string;
  /** A few words. */
  title: string;
  /** What it does, in one sentence. */
  description: string;
  /** The situation it is made for, and what not. */
  whenToUse: string;
  workflow: W;
  /** Becomes a file of its own in `schedules/`. */
  schedule?: Schedule;
  /** Becomes a file of its own in `event-handlers/`. */
  eventHandler?: EventHandler;
}

/** A workflow that runs as it is and is made to be copied and changed. */
export interface Template<W extends Workflow = Workflow> extends TemplateSpec<W> {
  readonly kind: 'template';
}

/**
 * A template: the last statement of a module whose `const workflow = …`, and if there are any `const schedule = …` and
 * `const eventHandler = …`, are what its user gets as files of their own. Its dry runs are in `<file name>.scenario.ts` beside it.
 * @example export default defineTemplate({ name: 'resilient_http', title: '…', description: '…', whenToUse: '…', workflow })
 */
export function defineTemplate<W extends Workflow>(spec: TemplateSpec<W>): Template<W> {
  return { kind: 'template', ...spec };
}

/** True for a default export made with `defineTemplate(…)`. */
export function isTemplate(value: unknown): value is Template {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'template';
}
