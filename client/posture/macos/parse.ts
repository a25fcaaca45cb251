/**
 * What macOS's own programs print, read as their documentation has it. Untested on a real machine: what does not look as
 * documented is unknown.
 */
import type { PostureFacts } from '../../../protocol/posture-facts.ts';

/** sw_vers(1): `ProductName`, `ProductVersion`, `BuildVersion`, one to a line. */
export function parseSwVers(text: string): Partial<PostureFacts> {
  const value = (name: string): string | undefined =>
    new RegExp(`^${name}:\\s*(\\S.*?)\\s*$`, 'm').exec(text)?.[1];
  const version = value('ProductVersion');
  const build = value('BuildVersion');
  if (version === undefined || !/^\d/.test(version)) return {};
  const pretty = [value('ProductName') ?? 'macOS', version, build === undefined ? '' : `(${build})`];
  return { osVersion: version.slice(0, 256), distribution: pretty.join(' ').trim().slice(0, 256) };
}

/** fdesetup(8) `status`. While it encrypts or decrypts the disk is not encrypted whole. */
export function parseFileVault(text: string): boolean | undefined {
  if (/^FileVault is Off\b/m.test(text)) return false;
  if (!/^FileVault is On\b/m.test(text)) return undefined;
  return !/^(Encryption|Decryption) in progress/m.test(text);
}

/** `socketfilterfw --getglobalstate`: 0 off, 1 on, 2 on and everything blocked. */
export function parseApplicationFirewall(text: string): boolean | undefined {
  const state = /\(State = (\d)\)/.exec(text)?.[1];
  return state === undefined ? undefined : state !== '0';
}

/** csrutil(8) `status`. A custom configuration has parts of the protection off. */
export function parseIntegrityProtection(text: string): boolean | undefined {
  const state = /^System Integrity Protection status: (\w+)/m.exec(text)?.[1];
  if (state === 'enabled') return true;
  return state === 'disabled' || /Custom Configuration/.test(text) ? false : undefined;
}

/**
 * `system_profiler -json SPiBridgeDataType`: the start-up security of a Mac with Apple silicon or a T2 chip. Anything less
 * than Full Security counts as off; a Mac without either chip says nothing.
 */
export function parseStartupSecurity(json: string): boolean | undefined {
  const level = itemOf(json, 'SPiBridgeDataType')?.['ibridge_secure_boot'];
  if (level === 'Full Security') return true;
  const lower = ['Reduced Security', 'Medium Security', 'Permissive Security', 'No Security'];
  return typeof level === 'string' && lower.includes(level) ? false : undefined;
}

/** `system_profiler -json SPHardwareDataType`. */
export function parseHardwareSerial(json: string): string | undefined {
  const serial = itemOf(json, 'SPHardwareDataType')?.['serial_number'];
  return typeof serial === 'string' ? serial : undefined;
}

/** `sysadminctl -screenLock status`, on standard error: seconds from a dark screen to the lock; false when it is off. */
export function parseScreenLock(text: string): number | false | undefined {
  if (/screenLock is off/.test(text)) return false;
  if (/screenLock delay is immediate/.test(text)) return 0;
  const seconds = /screenLock delay is (-?\d+)(?:\.\d+)? seconds/.exec(text)?.[1];
  if (seconds === undefined) return undefined;
  return Number(seconds) < 0 ? false : Number(seconds);
}

/** `softwareupdate --schedule`. */
export function parseUpdateSchedule(text: string): boolean | undefined {
  const state = /^Automatic check(?:ing for updates)? is (?:turned )?(on|off)\b/m.exec(text)?.[1];
  return state === undefined ? undefined : state === 'on';
}

/** A number or a boolean as defaults(1) `read` prints it. */
export function parseDefault(text: string): number | undefined {
  const value = text.trim();
  if (value === 'true' || value === 'false') return value === 'true' ? 1 : 0;
  return /^\d{1,9}$/.test(value) ? Number(value) : undefined;
}

function itemOf(json: string, type: string): Record<string, unknown> | undefined {
  try {
    const items = (JSON.parse(json) as Record<string, unknown> | null)?.[type];
    const [first] = Array.isArray(items) ? (items as unknown[]) : [];
    return typeof first === 'object' && first !== null ? (first as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
