/**
 * Starts the process that stands beside every capturing `postern up`: a shell that waits on a pipe and costs nothing. The
 * pipe's end, which the kernel brings about however this process dies, makes it become `main.ts`.
 */
import { spawn } from 'node:child_process';
import { dirname, extname, join } from 'node:path';

export interface Watchdog {
  /** Sends it home: this process ends in order. */
  dismiss(): void;
}

/** Starts it; and again whenever somebody ends it. */
export function startWatchdog(stateDirectory: string): Watchdog {
  const program = join(dirname(import.meta.filename), `main${extname(import.meta.filename)}`);
  let dismissed = false;
  const start = (): { dismiss(): void } => {
    const child = spawn(
      '/bin/sh',
      [
        '-c',
        'read -r word || exec "$@"',
        'postern-watchdog',
        process.execPath,
        ...process.execArgv,
        program,
        stateDirectory,
      ],
      // A session of its own: what a terminal or a shell sends to our group must not end it with us.
      { detached: true, stdio: ['pipe', 'ignore', 'ignore'], cwd: '/' },
    );
    child.unref();
    child.stdin.on('error', () => undefined);
    (child.stdin as unknown as { unref?(): void }).unref?.();
    child.once('exit', () => {
      if (!dismissed) current = start();
    });
    return { dismiss: () => void child.stdin.end('done\n') };
  };
  let current = start();
  return {
    dismiss() {
      dismissed = true;
      current.dismiss();
    },
  };
}
