/** Prints progress and tables for people to stderr. `print` and `printJson` write results to stdout. */
export function note(line: string): void {
  process.stderr.write(`${line}\n`);
}

export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

export type Cell = string | number | undefined;

export interface Table {
  title: string;
  head: readonly string[];
  rows: readonly (readonly Cell[])[];
}

/** Formats the table as Markdown, with numbers aligned right. */
export function markdownTable({ title, head, rows }: Table): string {
  const lines = [head, head.map((_, column) => (column === 0 ? '---' : '---:')), ...rows.map((row) => row.map(shown))];
  return `**${title}**\n\n${lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n')}\n`;
}

/** Formats the table in columns for a terminal. */
export function textTable({ title, head, rows }: Table): string {
  const lines = [head, ...rows.map((row) => row.map(shown))];
  const widths = head.map((_, column) => Math.max(...lines.map((cells) => (cells[column] ?? '').length)));
  const pad = (cell: string, column: number) => {
    const width = widths[column] ?? 0;
    return column === 0 ? cell.padEnd(width) : cell.padStart(width);
  };
  return [title, ...lines.map((cells) => `  ${cells.map(pad).join('  ')}`), ''].join('\n');
}

function shown(cell: Cell): string {
  if (cell === undefined || (typeof cell === 'number' && Number.isNaN(cell))) return '–';
  return String(cell);
}
