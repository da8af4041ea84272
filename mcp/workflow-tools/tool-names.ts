import { kebabCase } from '../../core/content/discover.ts';

const LONGEST = 64;

/**
 * A tool name for every workflow: `FlightRiskAssessment` becomes `flight_risk_assessment`. The names are unique and differ from the
 * `taken` names. They do not depend on the order of the workflows.
 */
export function toolNames(workflows: readonly string[], taken: ReadonlySet<string>): Map<string, string> {
  const used = new Set(taken);
  const names = new Map<string, string>();
  for (const workflow of [...workflows].sort()) {
    const plain = plainName(workflow);
    const name = freeName(taken.has(plain) ? `run_${plain}` : plain, used);
    used.add(name);
    names.set(workflow, name);
  }
  return names;
}

function plainName(workflow: string): string {
  const words = kebabCase(workflow)
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '');
  return (words || 'workflow').slice(0, LONGEST - 8);
}

function freeName(name: string, used: ReadonlySet<string>): string {
  if (!used.has(name)) return name;
  for (let n = 2; ; n++) if (!used.has(`${name}_${n}`)) return `${name}_${n}`;
}
