/** Rows of a table as a file: CSV (RFC 4180) for sheets, NDJSON for programs. */

export type ExportRow = Readonly<Record<string, string | number | boolean | null>>;

export function toCsv(rows: readonly ExportRow[]): string {
  const keys = Object.keys(rows[0] ?? {});
  const lines = rows.map((row) => keys.map((key) => cell(row[key] ?? '')).join(','));
  return [keys.map(cell).join(','), ...lines, ''].join('\r\n');
}

export function toNdjson(rows: readonly ExportRow[]): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join('');
}

/** Quoted where needed. A sheet would run what begins like a formula: an apostrophe keeps it a text. */
function cell(value: string | number | boolean): string {
  const text = String(value);
  const inert = typeof value === 'string' && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(inert) ? `"${inert.replaceAll('"', '""')}"` : inert;
}
