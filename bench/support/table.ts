/** One finished measurement, ready for the terminal and for `docs/performance.md`. */
export interface BenchTable {
  readonly title: string;
  readonly note?: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** The table as Markdown, columns padded so that it reads in a terminal too. */
export function markdownTable(table: BenchTable): string {
  const all = [table.columns, ...table.rows];
  const widths = table.columns.map((_, column) =>
    Math.max(...all.map((row) => (row[column] ?? '').length), 3),
  );
  const line = (row: readonly string[]) =>
    `| ${widths.map((width, i) => (row[i] ?? '').padEnd(width)).join(' | ')} |`;
  const rule = `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`;
  const note = table.note === undefined ? [] : ['', table.note];
  return [`### ${table.title}`, ...note, '', line(table.columns), rule, ...table.rows.map(line), ''].join(
    '\n',
  );
}
