/** The parts of istanbul's report tree that the table needs. */
interface Folder {
  getQualifiedName(): string;
  getCoverageSummary(): { lines: { total: number; covered: number; pct: number } };
}
interface ReportContext {
  getTree(kind: 'nested'): { getRoot(): Folder & { getChildren(): Folder[] } };
}

/** A coverage report that prints how many lines the tests ran, for each product folder and in total. */
export default class CoverageTable {
  execute(context: ReportContext): void {
    const root = context.getTree('nested').getRoot();
    print('folder', 'lines', 'covered', '%');
    for (const folder of root.getChildren()) printFolder(folder.getQualifiedName(), folder);
    printFolder('total', root);
  }
}

function printFolder(name: string, folder: Folder): void {
  const { total, covered, pct } = folder.getCoverageSummary().lines;
  print(name, `${total}`, `${covered}`, pct.toFixed(1));
}

function print(...cells: string[]): void {
  process.stdout.write(`${cells.map((cell) => cell.padStart(10)).join('')}\n`);
}
