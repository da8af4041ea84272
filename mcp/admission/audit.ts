import { ProtocolError } from '@modelcontextprotocol/server';
import { AuditLog } from '../../core/audit/audit-log.ts';
import { type AuditFolderConfig, auditFolder } from '../../core/audit/folder.ts';
import type { Ending, RequestFacts } from '../../core/audit/parse-line.ts';
import { recordedArguments, recordedSubject, recordedText } from '../../core/audit/redact.ts';
import type { Config } from '../../core/config.ts';
import { FleetError } from '../../core/errors.ts';
import { isObject } from '../../core/json.ts';
import type { Logger } from '../../core/log.ts';
import type { Caller } from './permissions.ts';
import { OutOfReach } from './refusals.ts';

/** How a request reached the server. */
export interface Peer {
  readonly transport: 'stdio' | 'http';
  readonly era: 'legacy' | 'modern';
  /** The address of the client, or of the proxy before this server. */
  readonly address?: string | undefined;
}

/** The sender of a request that was not authenticated. It has no role. */
export interface Unauthenticated extends Pick<Caller, 'id' | 'name'> {
  readonly knownBy: 'nothing';
  readonly role?: undefined;
  readonly team?: undefined;
}

/** A request, as the audit log needs it. */
export interface AuditedRequest {
  /** Names the request in the log and in the answer to an unexpected error. */
  readonly id: string;
  readonly caller: Caller | Unauthenticated;
  readonly method: string;
  /** The tool, resource or prompt that the client named. */
  readonly subject?: string | undefined;
  readonly args?: unknown;
  /** True if the request may change something. Then it is recorded before it is carried out. */
  readonly isChanging: boolean;
  readonly peer: Peer;
  /** When the request arrived, on the clock of `now`. Default: now. */
  readonly startedAt?: number;
}

/** How a request that was allowed has ended. */
export type Outcome = { readonly result: unknown } | { readonly error: unknown };

/** The record of one request. Exactly one of its methods is called, once. */
export interface AuditEntry {
  /** The request was refused before its handler ran. Never throws. @param rule names the rule that refused it, if the error does not */
  refused(error: unknown, rule?: string): void;
  /**
   * The handler has ended.
   * @throws FleetError `environment` if a result that changed nothing cannot be recorded. The client must not get this result. A new record
   * says that the request was refused with this error.
   */
  ended(outcome: Outcome): void;
}

export interface Audit {
  /**
   * Begins the record of a request. It returns a promise only if MCP_AUDIT_SYNC is set.
   * @throws FleetError `environment` if the request may change something and the disk is almost full, or if it cannot be recorded
   */
  begin(request: AuditedRequest): AuditEntry | Promise<AuditEntry>;
  /** Ends the file of this process. */
  close(): void;
}

export interface AuditOptions {
  readonly config: Pick<Config, 'mcpAudit' | 'mcpAuditDays' | 'mcpAuditSync'> & AuditFolderConfig;
  readonly log: Logger;
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
  /** Milliseconds since 1970. Default: the clock of the system. */
  readonly clock?: () => number;
}

/**
 * Creates the audit of one process. It opens its file at the first request.
 * @throws FleetError `environment` if the folder cannot be created or written
 */
export function createAudit({ config, log, now, clock = Date.now }: AuditOptions): Audit {
  if (!config.mcpAudit) return NO_AUDIT;
  const records = new AuditLog({ folder: auditFolder(config), keptDays: config.mcpAuditDays, clock });
  records.prepare();
  let changes = 0;
  return {
    begin(request) {
      const started = request.startedAt ?? now();
      const facts = factsOf(request, records.time);
      const took = () => Math.round((now() - started) * 10) / 10;
      if (!request.isChanging) return readingEntry({ records, facts, took, log });
      records.requireSpace();
      changes += 1;
      const intent = { kind: 'intent', n: changes, ...facts } as const;
      records.write(intent);
      const entry = changingEntry({ records, intent, took });
      return config.mcpAuditSync ? records.sync().then(() => entry) : entry;
    },
    close: () => records.close(),
  };
}

const NO_AUDIT: Audit = { begin: () => ({ refused() {}, ended() {} }), close() {} };

function factsOf({ id, caller, method, subject, args, peer }: AuditedRequest, at: string): RequestFacts {
  const { transport, era, address } = peer;
  const { knownBy, role, team } = caller;
  return {
    ...{ at, id },
    caller: {
      ...{ id: recordedText(caller.id), name: recordedText(caller.name), knownBy },
      ...(role !== undefined && { role }),
      ...(team !== undefined && { team }),
    },
    from: { transport, era, ...(address !== undefined && { address: recordedText(address) }) },
    method: recordedSubject(method),
    ...(subject !== undefined && { subject: recordedSubject(subject) }),
    args: recordedArguments(args),
  };
}

/** A request that changes nothing has one line, when it has ended. */
function readingEntry({
  records,
  facts,
  took,
  log,
}: {
  records: AuditLog;
  facts: RequestFacts;
  took: () => number;
  log: Logger;
}): AuditEntry {
  const write = (ending: Ending) => records.write({ kind: 'request', ...facts, ...ending });
  const tryTo = (ending: Ending) => {
    try {
      write(ending);
    } catch (err) {
      records.lose();
      log.error({ err }, 'a request could not be recorded');
    }
  };
  return {
    refused: (error, rule) => tryTo(refusalOf(error, took(), rule)),
    ended(outcome) {
      const ending = endingOf(outcome, { ms: took(), shown: facts.args.shown });
      if ('error' in outcome) tryTo(ending);
      else write(ending);
    },
  };
}

/** A request that may change something has two lines: what was asked before it is carried out, and what became of it. */
function changingEntry({
  records,
  intent,
  took,
}: {
  records: AuditLog;
  intent: RequestFacts & { n: number };
  took: () => number;
}): AuditEntry {
  const { n, id, args } = intent;
  const write = (ending: Ending) => records.writeLater({ kind: 'end', n, at: records.time, id, ...ending });
  return {
    refused: (error, rule) => write(refusalOf(error, took(), rule)),
    ended: (outcome) => write(endingOf(outcome, { ms: took(), shown: args.shown })),
  };
}

function refusalOf(error: unknown, ms: number, rule: string | undefined): Ending {
  return { decision: reasonOf(error), ...(rule === undefined ? ruleOf(error) : { rule }), code: codeOf(error), ms };
}

/** The rule or setting that refused the request, if one did. */
function ruleOf(error: unknown): Pick<Ending, 'rule'> {
  return error instanceof OutOfReach ? { rule: error.rule } : {};
}

function endingOf(outcome: Outcome, { ms, shown }: { ms: number; shown: Record<string, unknown> }): Ending {
  if ('result' in outcome) {
    const { isError } = isObject(outcome.result) ? outcome.result : {};
    const executionId = executionIn(outcome.result) ?? executionIn(shown);
    return { decision: 'allowed', outcome: isError === true ? 'error' : 'ok', ...(executionId && { executionId }), ms };
  }
  const code = codeOf(outcome.error);
  const executionId = executionIn(shown);
  const known = { code, ...(executionId && { executionId }), ms };
  if (code === 'denied') return { decision: reasonOf(outcome.error), ...ruleOf(outcome.error), ...known };
  return { decision: 'allowed', outcome: code === 'cancelled' ? 'cancelled' : 'error', ...known };
}

function reasonOf(error: unknown): Exclude<Ending['decision'], 'allowed'> {
  const code = codeOf(error);
  switch (code) {
    case 'denied':
      return (error as FleetError).retryable ? 'limit' : 'permission'; // only a FleetError has this code
    case 'not-found':
    case 'environment':
    case 'cancelled':
      return code;
    case 'input':
    case 'conflict':
      return 'invalid';
    default:
      return error instanceof ProtocolError ? 'invalid' : 'failed';
  }
}

function codeOf(error: unknown): string {
  if (error instanceof FleetError) return error.code;
  if (error instanceof ProtocolError) return String(error.code);
  return error instanceof Error && error.name === 'AbortError' ? 'cancelled' : 'internal';
}

/** The id of the execution that a result or the arguments name. A task of the protocol has the id `<execution>.<tool>`. */
function executionIn(value: unknown): string | undefined {
  if (!isObject(value)) return undefined;
  const { executionId, workflowId } = isObject(value.structuredContent) ? value.structuredContent : value;
  const [, ofTask] = /^([\w-]+)\./.exec(String(value.taskId)) ?? [];
  for (const id of [executionId, workflowId, ofTask]) if (typeof id === 'string' && ID.test(id)) return id;
  return undefined;
}

const ID = /^[\w-]{1,100}$/;
