import type { EventHandler, Schedule, Workflow } from '../../../core/contract.ts';

export interface TemplateSpec<W extends Workflow = Workflow> {
  /** The name by which users choose the template, in `snake_case`. The file is named after it. */
  name: string;
  /** A few words. */
  title: string;
  /** What the template does, in one sentence. */
  description: string;
  /** When to use the template, and when not to use it. */
  whenToUse: string;
  workflow: W;
  /** The schedule becomes its own file in `schedules/`. */
  schedule?: Schedule;
  /** The event handler becomes its own file in `event-handlers/`. */
  eventHandler?: EventHandler;
}

/** A workflow that runs as it is. Users copy and change it. */
export interface Template<W extends Workflow = Workflow> extends TemplateSpec<W> {
  readonly kind: 'template';
}

/**
 * Defines a template. The call must be the last statement of its module. `const workflow = …` becomes a file of the user; so do `const
 * schedule = …` and `const eventHandler = …`, if they exist. The dry runs are in `<file name>.scenario.ts` beside the template.
 * @example export default defineTemplate({ name: 'resilient_http', title: '…', description: '…', whenToUse: '…', workflow })
 */
export function defineTemplate<W extends Workflow>(spec: TemplateSpec<W>): Template<W> {
  return { kind: 'template', ...spec };
}

/** True for a default export made with `defineTemplate(…)`. */
export function isTemplate(value: unknown): value is Template {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'template';
}
