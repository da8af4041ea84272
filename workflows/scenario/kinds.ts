/** What the server computes by itself, without a call to anything outside: in a dry run it does so for real. */
const COMPUTED: ReadonlySet<string> = new Set([
  'DECISION',
  'DO_WHILE',
  'EXCLUSIVE_JOIN',
  'FORK',
  'FORK_JOIN',
  'FORK_JOIN_DYNAMIC',
  'INLINE',
  'JOIN',
  'JSON_JQ_TRANSFORM',
  'LAMBDA',
  'NOOP',
  'SET_VARIABLE',
  'SUB_WORKFLOW',
  'SWITCH',
  'TERMINATE',
]);

/** Computed, and yet worth a mock: they can fail, or start something large. */
const REPLACEABLE: ReadonlySet<string> = new Set(['INLINE', 'JSON_JQ_TRANSFORM', 'LAMBDA', 'SUB_WORKFLOW']);

/** The server gives these three more tries where nobody says how many. */
const RETRIED_BY_DEFAULT = /^(LLM_|GENERATE_|CALL_MCP_TOOL$|LIST_MCP_TOOLS$|AGENT$)/;

/** True for a task type that somebody outside of the server answers, or that has effects there: it needs a mock. */
export function isAnswered(type: string): boolean {
  return !COMPUTED.has(type);
}

/** True for a task type that can have a mock. */
export function canBeMocked(type: string): boolean {
  return isAnswered(type) || REPLACEABLE.has(type);
}

/** How often a task is tried again for which there is no task definition. */
export function retriesWithoutDefinition(type: string): number {
  return type === 'SIMPLE' || type === 'DYNAMIC' || RETRIED_BY_DEFAULT.test(type) ? 3 : 0;
}

/** True where the server tries three times again even if the task definition says never. */
export function retriesAtLeastThrice(type: string): boolean {
  return RETRIED_BY_DEFAULT.test(type);
}

/** Tasks whose end means nothing but that time has passed, or that something was sent: without a mock they complete. */
export function completesUnmocked(type: string, inputParameters: Readonly<Record<string, unknown>> = {}): boolean {
  if (type === 'WAIT') return 'duration' in inputParameters || 'until' in inputParameters;
  return type === 'EVENT' || type === 'KAFKA_PUBLISH';
}
