/**
 * How every command speaks: data on stdout, prose on stderr, `--json` as one object with a versioned schema, and errors
 * that say what happened and what to do next, with the documented exit code. The only place that ends the process.
 */
import { exitOf, exits, Fault, toFault, type ExitCode } from '../protocol/errors.ts';

/** An error a person is meant to read: what happened, why, and the remedy, with its exit code (`exits`). */
export class CommandError extends Error {
  readonly exit: ExitCode;

  constructor(exit: ExitCode, message: string) {
    super(message);
    this.name = 'CommandError';
    this.exit = exit;
  }
}

/** Prints data: the object as JSON where asked for, otherwise the text. */
export function print<T extends { readonly schema: string }>(json: boolean, value: T, text: string): void {
  process.stdout.write(
    json ? `${JSON.stringify(value)}\n` : text.endsWith('\n') || text === '' ? text : `${text}\n`,
  );
}

/** Prints prose for the person, on stderr. */
export function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** Rows as aligned columns, two spaces apart. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, cell.length);
  }
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** Wraps a command's action: what it throws becomes one sentence on stderr and the exit code. */
export function action<A extends unknown[]>(
  run: (...args: A) => Promise<void> | void,
): (...args: A) => Promise<void> {
  return async (...args) => {
    try {
      await run(...args);
    } catch (error) {
      fail(error);
    }
  };
}

/** Prints what went wrong and ends the process with its exit code. */
export function fail(error: unknown): never {
  if (error instanceof CommandError) {
    say(`postern: ${error.message}`);
    process.exit(error.exit);
  }
  const fault = toFault(error);
  say(`postern: ${fault.message}`);
  if (!(error instanceof Fault) && process.env['POSTERN_DEBUG'] !== undefined) say(String(fault.stack));
  process.exit(error instanceof Fault ? exitOf(fault.code) : exits.unexpected);
}
