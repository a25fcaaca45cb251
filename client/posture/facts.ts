/** What this device reports about itself. Claims, not proofs: whoever owns the device can make it say anything. */
import { readFile } from 'node:fs/promises';
import { release } from 'node:os';
import type { PostureFacts } from '../../protocol/control.ts';
import { version } from '../../protocol/version.ts';

const systems: Partial<Record<NodeJS.Platform, PostureFacts['os']>> = {
  linux: 'linux',
  darwin: 'macos',
  win32: 'windows',
};

/** The facts as they are now; undefined on a system that has no name in the protocol. */
export async function readFacts(): Promise<PostureFacts | undefined> {
  const os = systems[process.platform];
  if (os === undefined) return undefined;
  const distribution = os === 'linux' ? parseOsRelease(await readOsRelease()) : undefined;
  return {
    os,
    osVersion: release().slice(0, 256),
    clientVersion: version,
    ...(distribution === undefined ? {} : { distribution }),
  };
}

/** `PRETTY_NAME` of an os-release file, without its quotes; undefined when there is none. */
export function parseOsRelease(text: string): string | undefined {
  const value = /^PRETTY_NAME=(["']?)(.*)\1\s*$/m.exec(text)?.[2]?.trim();
  return value === undefined || value === '' ? undefined : value.slice(0, 256);
}

async function readOsRelease(): Promise<string> {
  try {
    return await readFile('/etc/os-release', 'utf8');
  } catch {
    return '';
  }
}
