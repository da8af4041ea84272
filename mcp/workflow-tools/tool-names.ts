import { kebabCase } from '../../core/content/discover.ts';

/**
 * Clients put a prefix before the name of a tool, and models accept 64 characters with it. The longest known prefix is the one of our own
 * plugin: `mcp__plugin_conductor-fleet_fleet__`.
 */
const LONGEST = 64 - 'mcp__plugin_conductor-fleet_fleet__'.length;

/**
 * A tool name for every workflow: `FlightRiskAssessment` becomes `flight_risk_assessment`. The names are unique and differ from the
 * `taken` names. They do not depend on the order of the workflows.
 */
export function toolNames(workflows: readonly string[], taken: ReadonlySet<string>): Map<string, string> {
  const used = new Set(taken);
  const names = new Map<string, string>();
  for (const workflow of [...workflows].sort()) {
    const plain = plainName(workflow);
    const name = freeName(taken.has(plain) ? cut(`run_${plain}`, LONGEST) : plain, used);
    used.add(name);
    names.set(workflow, name);
  }
  return names;
}

function plainName(workflow: string): string {
  const words = kebabCase(workflow)
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '');
  return cut(words || 'workflow', LONGEST);
}

function freeName(name: string, used: ReadonlySet<string>): string {
  if (!used.has(name)) return name;
  for (let n = 2; ; n++) {
    const numbered = `${cut(name, LONGEST - String(n).length - 1)}_${n}`;
    if (!used.has(numbered)) return numbered;
  }
}

/** At most `most` characters of a name, without a part of a word at the end if that leaves at least half of them. */
function cut(name: string, most: number): string {
  if (name.length <= most) return name;
  const start = name.slice(0, most + 1);
  const end = start.lastIndexOf('_');
  return end >= most / 2 ? start.slice(0, end) : name.slice(0, most);
}
