/**
 * Whether the screen of the person's desktop locks itself, and after how long, by the settings of the desktop that runs:
 * GNOME, Cinnamon and MATE by gsettings, KDE Plasma by its file. No desktop, or one of another kind, is unknown.
 */
import type { PostureFacts } from '../../../protocol/posture-facts.ts';
import type { Collector } from '../collector.ts';
import type { Machine, RunAs } from '../machine.ts';
import { ownerOf } from './running.ts';

type Lock = Pick<PostureFacts, 'screenLock' | 'screenLockAfter'>;

/** The program of each desktop that runs once per session, with the schemas of its settings. */
const desktops: Readonly<Record<string, 'kde' | { readonly lock: string; readonly idle: string }>> = {
  'gnome-shell': { lock: 'org.gnome.desktop.screensaver', idle: 'org.gnome.desktop.session' },
  cinnamon: { lock: 'org.cinnamon.desktop.screensaver', idle: 'org.cinnamon.desktop.session' },
  'mate-session': { lock: 'org.mate.screensaver', idle: 'org.mate.session' },
  plasmashell: 'kde',
};

export const screenLock: Collector = async (machine) => {
  const locks: Lock[] = [];
  for (const { desktop, uid } of await sessions(machine)) {
    const person = await personOf(machine, uid);
    const kind = desktops[desktop];
    if (person === undefined || kind === undefined) return {};
    locks.push(
      kind === 'kde' ? await lockOfKde(machine, person) : await lockBySettings(machine, person, kind),
    );
  }
  return worstOf(locks);
};

/** The lock that is easiest to get around; nothing when one of them is not known. */
export function worstOf(locks: readonly Lock[]): Lock {
  if (locks.length === 0) return {};
  if (locks.some(({ screenLock: on }) => on === false)) return { screenLock: false };
  if (locks.some(({ screenLock: on }) => on === undefined)) return {};
  const after = locks.map(({ screenLockAfter }) => screenLockAfter);
  if (after.includes(undefined)) return { screenLock: true };
  return { screenLock: true, screenLockAfter: Math.max(...after.map((seconds) => seconds ?? 0)) };
}

/** The desktops of the persons this device serves; of everybody when it serves nobody in particular. */
async function sessions(machine: Machine): Promise<{ desktop: string; uid: number }[]> {
  const served = machine.uids.filter((uid) => uid !== 0);
  const found = new Map<string, { desktop: string; uid: number }>();
  for (const pid of ((await machine.names('/proc')) ?? []).filter((name) => /^\d+$/.test(name))) {
    const desktop = (await machine.text(`/proc/${pid}/comm`))?.trim() ?? '';
    if (!Object.hasOwn(desktops, desktop)) continue;
    const uid = await ownerOf(machine, pid);
    // A display manager shows its greeting with a desktop of its own.
    if (uid === undefined || uid < 1_000 || uid >= 65_534) continue;
    if (served.length > 0 && !served.includes(uid)) continue;
    found.set(`${uid} ${desktop}`, { desktop, uid });
  }
  return [...found.values()];
}

interface Person {
  readonly home: string;
  readonly as: RunAs;
}

async function personOf(machine: Machine, uid: number): Promise<Person | undefined> {
  const passwd = ((await machine.text('/etc/passwd')) ?? '').split('\n').map((line) => line.split(':'));
  const entry = passwd.find(([, , id]) => id === String(uid));
  const [, , , gid, , home] = entry ?? [];
  if (home === undefined || !/^\d+$/.test(gid ?? '')) return undefined;
  const runtime = `/run/user/${uid}`;
  const env = {
    HOME: home,
    XDG_RUNTIME_DIR: runtime,
    DBUS_SESSION_BUS_ADDRESS: `unix:path=${runtime}/bus`,
  };
  return { home, as: { uid, gid: Number(gid), env } };
}

async function lockBySettings(
  machine: Machine,
  { as }: Person,
  { lock, idle }: { readonly lock: string; readonly idle: string },
): Promise<Lock> {
  const read = async (schema: string, key: string): Promise<string | undefined> => {
    const printed = await machine.run('gsettings', ['get', schema, key], as);
    return printed?.code === 0 ? printed.out : undefined;
  };
  const on = parseSetting(await read(lock, 'lock-enabled'));
  const after = parseSetting(await read(idle, 'idle-delay'));
  const delay = lock.startsWith('org.mate.') ? 0 : parseSetting(await read(lock, 'lock-delay'));
  if (on === false) return { screenLock: false };
  if (on !== true || typeof after !== 'number') return {};
  // MATE counts in minutes; nought means that the screen is never taken to be idle.
  const idleS = lock.startsWith('org.mate.') ? after * 60 : after;
  if (idleS === 0) return { screenLock: false };
  return typeof delay === 'number'
    ? { screenLock: true, screenLockAfter: idleS + delay }
    : { screenLock: true };
}

/** What gsettings(1) prints: `true`, `false`, `uint32 300`, `5`. */
export function parseSetting(text: string | undefined): boolean | number | undefined {
  const value = text?.trim();
  if (value === 'true' || value === 'false') return value === 'true';
  const number = /^(?:u?int(?:16|32|64) )?(\d{1,9})$/.exec(value ?? '')?.[1];
  return number === undefined ? undefined : Number(number);
}

async function lockOfKde(machine: Machine, { home }: Person): Promise<Lock> {
  const texts = [
    (await machine.text('/etc/xdg/kscreenlockerrc')) ?? '',
    (await machine.text(`${home}/.config/kscreenlockerrc`)) ?? '',
  ];
  return parseLockerFile(texts.join('\n'));
}

/** `[Daemon]` of kscreenlockerrc, with the values that KDE takes where the file says nothing. */
export function parseLockerFile(text: string): Lock {
  const daemon = new Map([
    ['Autolock', 'true'],
    ['Timeout', '5'],
    ['LockGrace', '5'],
  ]);
  let group = '';
  for (const line of text.split('\n')) {
    group = /^\[([^\]]+)\]/.exec(line)?.[1] ?? group;
    const [, key, value] = /^(\w+)(?:\[\$\w+\])?\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (group === 'Daemon' && key !== undefined && value !== undefined) daemon.set(key, value);
  }
  if (daemon.get('Autolock') !== 'true') return { screenLock: false };
  const after = Number(daemon.get('Timeout')) * 60 + Number(daemon.get('LockGrace'));
  if (Number(daemon.get('Timeout')) === 0) return { screenLock: false };
  return Number.isSafeInteger(after) && after >= 0
    ? { screenLock: true, screenLockAfter: after }
    : { screenLock: true };
}
