import type { Patch, Value } from './patches.ts';

/** What the server sends about a topic. `at` is the time of the reading by the server's clock, in epoch milliseconds. */
export type Message =
  | { readonly at: number; readonly value: Value }
  | { readonly at: number; readonly patch: Patch }
  | { readonly at: number; readonly error: Problem };

/** Why a topic could not be read, or why an action failed. */
export interface Problem {
  /** The code of a `FleetError`, or `internal`. */
  readonly code: string;
  readonly message: string;
  /** What to do next. */
  readonly remedy?: string;
}

/** Who looks at the page, and what this person may do. */
export interface Session {
  /** Absent while nobody has signed in. */
  readonly caller?: { readonly name: string; readonly role: string };
  /** The tools that the caller may use. A page offers only actions of these tools. */
  readonly tools: readonly string[];
  /** The topics that the caller may read and whose part of the product is in use. A page can be hidden without its topic. */
  readonly topics: readonly string[];
  /** Address of the Conductor server. */
  readonly conductor?: string;
  /** Version of this program. */
  readonly version: string;
}

/** What comes with a page, so that it can be drawn before its stream opens. */
export interface FirstData {
  readonly session: Session;
  /** The newest known values, by topic. */
  readonly topics: Readonly<Record<string, Message>>;
}

/** A call of one of the product's tools. */
export interface ToolCall {
  readonly tool: string;
  readonly args: Readonly<Record<string, unknown>>;
  /** True if the tool may ask a question before it acts. Otherwise the dialog of the page is the only question. */
  readonly asks?: boolean;
  /** The answer to a question that an earlier answer asked. */
  readonly answer?: Answer;
}

/** What a tool answered, or the question that it asks before it acts. */
export type Acted =
  | { readonly text: string; readonly structured: unknown }
  | { readonly question: string; readonly answer: Answer }
  | { readonly error: Problem };

/** What has to be sent with the same call again, in order to confirm it. */
export interface Answer {
  readonly state: string;
  readonly key: string;
}
