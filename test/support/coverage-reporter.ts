import { relative } from 'node:path';
import type { Reporter } from 'vitest/node';

/** The methods of istanbul's coverage map that this reporter calls. */
interface CoverageMap {
  files(): string[];
  fileCoverageFor(path: string): { getLineCoverage(): Record<string, number> };
}

/** Prints how many lines the tests ran, of each product folder and in total. */
export default class CoverageReporter implements Reporter {
  onCoverage(coverage: unknown): void {
    const map = coverage as CoverageMap; // vitest leaves the type to the coverage provider
    const sums: Record<string, { lines: number; covered: number }> = {};
    for (const path of map.files().sort()) {
      const hits = Object.values(map.fileCoverageFor(path).getLineCoverage());
      for (const name of [relative(process.cwd(), path).split('/')[0] ?? '', 'total']) {
        sums[name] ??= { lines: 0, covered: 0 };
        sums[name].lines += hits.length;
        sums[name].covered += hits.filter((count) => count > 0).length;
      }
    }
    const { total, ...folders } = sums;
    print('folder', 'lines', 'covered', '%');
    for (const [name, { lines, covered }] of Object.entries({ ...folders, total: total ?? { lines: 0, covered: 0 } })) {
      print(name, `${lines}`, `${covered}`, ((100 * covered) / lines).toFixed(1));
    }
  }
}

function print(...cells: string[]): void {
  process.stdout.write(`${cells.map((cell) => cell.padStart(10)).join('')}\n`);
}
