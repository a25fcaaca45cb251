/** Runs the system's own tools (ip, nft, resolvectl) without a shell, bounded in time and output. */
import { execFile } from 'node:child_process';
import { Fault } from '../../protocol/errors.ts';

const longestMs = 10_000;

/**
 * Standard output of the command. Rejects with a Fault whose message says what failed: `unreachable` when the program is
 * not there, `internal` otherwise.
 */
export function runCommand(program: string, args: readonly string[], input?: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      program,
      [...args],
      { timeout: longestMs, maxBuffer: 16 * 1_024 * 1_024, env: { ...process.env, LC_ALL: 'C' } },
      (error, stdout, stderr) => {
        if (error === null) return resolve(stdout);
        const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
        const detail = stderr.trim().split('\n')[0] ?? '';
        return reject(
          missing
            ? new Fault('unreachable', `The program "${program}" is not installed.`, { cause: error })
            : new Fault('internal', `"${program} ${args.join(' ')}" failed: ${detail}`, { cause: error }),
        );
      },
    );
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input ?? '');
  });
}

/** Whether the command ends with 0. Never rejects. */
export async function succeeds(program: string, args: readonly string[]): Promise<boolean> {
  try {
    await runCommand(program, args);
    return true;
  } catch {
    return false;
  }
}
