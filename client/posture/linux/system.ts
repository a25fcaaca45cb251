/** Which Linux this is: the kernel's version, and the distribution by os-release(5). */
import type { PostureFacts } from '../../../protocol/posture-facts.ts';
import type { Collector } from '../collector.ts';

export const system: Collector = async (machine) => {
  const kernel = (await machine.text('/proc/sys/kernel/osrelease'))?.trim();
  const release = await osRelease(machine);
  const pretty = release.get('PRETTY_NAME');
  return {
    ...(kernel === undefined || kernel === '' ? {} : { osVersion: kernel.slice(0, 256) }),
    ...(pretty === undefined || pretty === '' ? {} : { distribution: pretty.slice(0, 256) }),
  };
};

export const distribution: Collector = async (machine) => distributionOf(await osRelease(machine));

/** `ID` and `VERSION_ID`; a system without `ID` is `linux`, as os-release(5) says, where the file is there at all. */
function distributionOf(release: ReadonlyMap<string, string>): Partial<PostureFacts> {
  if (release.size === 0) return {};
  const id = release.get('ID') ?? 'linux';
  const version = release.get('VERSION_ID');
  if (!/^[a-z0-9._-]{1,32}$/.test(id)) return {};
  return {
    distributionId: id,
    ...(version === undefined || version === '' ? {} : { distributionVersion: version.slice(0, 64) }),
  };
}

async function osRelease(machine: Parameters<Collector>[0]): Promise<Map<string, string>> {
  const text = (await machine.text('/etc/os-release')) ?? (await machine.text('/usr/lib/os-release'));
  return parseOsRelease(text ?? '');
}

/** The assignments of an os-release file, without quotes and escapes. */
function parseOsRelease(text: string): Map<string, string> {
  const values = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [, name, quoted = ''] = /^([A-Z][A-Z0-9_]*)=(.*?)\s*$/.exec(line) ?? [];
    if (name === undefined) continue;
    const [, quote = '', inner = quoted] = /^(["'])(.*)\1$/.exec(quoted) ?? [];
    values.set(name, quote === "'" ? inner : inner.replaceAll(/\\(["$`\\])/g, '$1'));
  }
  return values;
}
