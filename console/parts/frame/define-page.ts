import type { Session } from '../../shared/messages.ts';
import type { ComponentChild } from '../html.ts';

/** What the view of a page gets. */
export interface ViewProps {
  /** The parts of the path with a name, such as `id` in `/executions/:id`. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
}

/** A page of the console: a folder in `console/pages/` whose `page.ts` has it as its default export. */
export interface Page {
  /** Where it is, such as `/` or `/executions/:id`. */
  readonly path: string;
  readonly title: string;
  readonly View: (props: ViewProps) => ComponentChild;
  /** How the rail shows it. Absent for a page that only other pages lead to. */
  readonly rail?: RailEntry;
  /** Other addresses that the palette offers. */
  readonly places?: readonly Place[];
  /** The page in the rail that is marked while this one is shown. Default: the page itself. */
  readonly below?: string;
}

export interface RailEntry {
  /** The place in the rail, from the top. The pages here have 10, 20, 30, … */
  readonly order: number;
  /** The path of a drawing of 16 by 16 in one stroke. */
  readonly icon: string;
  /** The letter that shows the page after `g`. */
  readonly key: string;
  /** False if the part of the product is not in use or the person may not see it. Default: shown. */
  isShown?(session: Session): boolean;
  /** A number beside the name, for what waits. */
  readonly Badge?: () => ComponentChild;
}

/** An address with a name. */
export interface Place {
  readonly name: string;
  readonly to: string;
}

/** Returns the page unchanged, so that TypeScript checks it in the file that defines it. */
export function definePage(page: Page): Page {
  return page;
}
