import type { FoundRequest } from '../../core/audit/search.ts';
import { clip, duration, instant, printable } from '../../core/text.ts';
import { aligned } from './aligned.ts';

const HEADINGS = ['TIME', 'CALLER', 'FROM', 'REQUEST', 'ARGUMENTS', 'RESULT', 'EXECUTION', 'TOOK'];
const LONGEST_CELL = 60;

/** One line for each request, below the headings. */
export function auditTable(requests: readonly FoundRequest[]): string[] {
  return aligned([HEADINGS, ...requests.map(row)].map((cells) => cells.map(shortened)));
}

function row(request: FoundRequest): string[] {
  const { at, caller, from, method, subject, args, executionId, ms } = request;
  return [
    instant(at),
    caller.role === undefined ? caller.name : `${caller.name} (${caller.role})`,
    from.address ?? from.transport,
    subject ?? method,
    Object.entries(args.shown)
      .map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
      .join(' ') || '-',
    resultOf(request),
    executionId ?? '-',
    ms === undefined ? '-' : duration(ms),
  ];
}

/** The outcome of an allowed request, or why it was refused. */
function resultOf({ decision, rule, outcome, code }: FoundRequest): string {
  if (decision === undefined) return 'not known';
  if (decision !== 'allowed') return `refused: ${decision}${rule === undefined ? '' : ` (${rule})`}`;
  return outcome === 'error' && code !== undefined ? `error: ${code}` : (outcome ?? 'ok');
}

function shortened(text: string): string {
  const shown = printable(text);
  return shown.length > LONGEST_CELL ? `${clip(shown, LONGEST_CELL - 1)}…` : shown;
}
