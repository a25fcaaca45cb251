/**
 * Keeps names coming here when the program that manages this system's resolv.conf writes it anew (NetworkManager, resolvconf,
 * openresolv, dhcpcd), as it does in every other network. Its new servers are asked from then on, and its new file is the one
 * that is given back. What anybody else writes is theirs and stays.
 */
import { readFileSync, watch } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import type { Clock } from '../../protocol/clock.ts';
import { isStillOurs, nameServers, type Takeover } from './resolv-conf.ts';

/** Managers sign what they write in a comment at its start. */
const managers = /^[#;].*\b(NetworkManager|openresolv|resolvconf|dhcpcd)\b/i;
const signatureLines = 5;
/** A file that is being written is read once it is whole. */
const quietMs = 200;
/** More often than this within a minute is a quarrel with somebody, which we lose. */
const mostPerMinute = 6;
const minuteMs = 60_000;

export interface FollowOptions {
  /** What stands now, or stood until somebody wrote. */
  takeover(this: void): Takeover;
  /** Takes over what is there now. May throw. */
  retake(this: void): void;
  readonly clock: Clock;
}

/** Whether the program that manages resolv.conf wrote this text. */
export function isManaged(text: string): boolean {
  return text.split('\n', signatureLines).some((line) => managers.test(line));
}

/** Follows until closed; nothing where the system cannot tell of changes. */
export function followResolvConf({ takeover, retake, clock }: FollowOptions): { close(): void } {
  const { path } = takeover();
  const retakenMs: number[] = [];
  let cancel: () => void = () => undefined;
  const look = (): void => {
    const nowMs = clock.nowMs();
    while (retakenMs.length > 0 && nowMs - (retakenMs[0] ?? 0) >= minuteMs) retakenMs.shift();
    try {
      if (isStillOurs(takeover()) || !isManaged(readFileSync(path, 'utf8'))) return;
      if (retakenMs.push(nowMs) <= mostPerMinute) retake();
    } catch {
      // Gone, or not to be written: `status` says that names do not come here.
    }
  };
  try {
    const watcher = watch(dirname(path), { persistent: false }, (_event, name) => {
      if (name !== basename(path)) return;
      cancel();
      cancel = clock.after(quietMs, look);
    });
    watcher.on('error', () => undefined);
    return {
      close() {
        cancel();
        watcher.close();
      },
    };
  } catch {
    return { close: () => undefined };
  }
}

/**
 * The servers that the system asked before: of a link to a managed file those that it names now, since its manager goes on
 * writing there; of a file those that stood in it.
 */
export function previousServers({ path, previous }: Takeover): string[] {
  if (previous.kind === 'none') return [];
  if (previous.kind === 'file') return nameServers(previous.text);
  try {
    const now = nameServers(readFileSync(resolve(dirname(path), previous.target), 'utf8'));
    return now.length > 0 ? now : nameServers(previous.text);
  } catch {
    return nameServers(previous.text);
  }
}
