/**
 * Starts the process that stands beside every capturing `postern up`: a shell that waits on a pipe and costs nothing. The
 * pipe's end, which the kernel brings about however this process dies, makes it become `main.ts`.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { dirname, extname, join } from 'node:path';
import { systemClock, type Clock } from '../../protocol/clock.ts';

export interface Watchdog {
  /** Sends it home: this process ends in order. */
  dismiss(): void;
}

/** Before it is started again: twice as long each time, unless it lived for a while. */
const firstPauseMs = 50;
const longestPauseMs = 30_000;
const livedMs = 10_000;

/**
 * Starts it; and again, after a pause, whenever somebody ends it or the system has no room for another process. Never
 * throws: names are captured without it as well, and only a crash would then leave the system as it is.
 * @param shell what reads its pipe, in place of the system's own
 */
export function startWatchdog(
  stateDirectory: string,
  clock: Clock = systemClock,
  shell = '/bin/sh',
): Watchdog {
  const program = join(dirname(import.meta.filename), `main${extname(import.meta.filename)}`);
  let state: 'standing' | 'dismissed' = 'standing';
  let pauseMs = firstPauseMs;
  let child: ChildProcess | undefined;
  let cancelPause = (): void => undefined;

  const again = (sinceMs: number): void => {
    if (state === 'dismissed') return;
    child = undefined;
    if (clock.nowMs() - sinceMs >= livedMs) pauseMs = firstPauseMs;
    cancelPause = clock.after(pauseMs, start);
    pauseMs = Math.min(2 * pauseMs, longestPauseMs);
  };
  const start = (): void => {
    const sinceMs = clock.nowMs();
    const args = ['-c', 'read -r word || exec "$@"', 'postern-watchdog', process.execPath];
    try {
      // A session of its own: what a terminal or a shell sends to our group must not end it with us.
      child = spawn(shell, [...args, ...process.execArgv, program, stateDirectory], {
        detached: true,
        stdio: ['pipe', 'ignore', 'ignore'],
        cwd: '/',
      });
    } catch {
      return again(sinceMs);
    }
    child.unref();
    // One that could not be started may have no pipe, and says so once; one that was ends once.
    child.stdin?.on('error', () => undefined);
    (child.stdin as { unref?(): void } | null | undefined)?.unref?.();
    child.once('error', () => again(sinceMs));
    child.once('exit', () => again(sinceMs));
  };
  start();
  return {
    dismiss() {
      state = 'dismissed';
      cancelPause();
      child?.stdin?.end('done\n');
    },
  };
}
