/**
 * Whether what lies under `/` and `/home` is encrypted on disk: the block device of each mount is dm-crypt, or everything
 * below it is (LVM, RAID, several disks of btrfs); or the dataset of ZFS is encrypted. Memory, networks and layers of
 * containers are unknown. A disk that encrypts itself in hardware is not seen.
 */
import type { Collector } from '../collector.ts';
import type { Machine } from '../machine.ts';

/** Stacks are a few deep; a loop of links ends here. */
const deepest = 16;

export const diskEncryption: Collector = async (machine) => {
  const mounts = parseMountInfo((await machine.text('/proc/self/mountinfo')) ?? '');
  const found = await Promise.all(
    ['/', '/home'].map(async (path) => {
      const mount = mountOf(path, mounts);
      return mount === undefined ? undefined : isMountEncrypted(machine, mount);
    }),
  );
  const all = allOf(found);
  return all === undefined ? {} : { diskEncryption: all };
};

export interface Mount {
  /** `major:minor`; major 0 for what is no block device. */
  readonly device: string;
  readonly point: string;
  readonly type: string;
  readonly source: string;
}

/** The lines of /proc/PID/mountinfo (proc(5)), in the order in which they were mounted. */
export function parseMountInfo(text: string): Mount[] {
  return text.split('\n').flatMap((line) => {
    const [before = '', after = ''] = line.split(' - ');
    const [, , device, , point] = before.split(' ');
    const [type, source] = after.split(' ');
    if (device === undefined || point === undefined || type === undefined || source === undefined) return [];
    return [{ device, point: unescaped(point), type, source: unescaped(source) }];
  });
}

/** Space, tab, newline and backslash stand as octal numbers. */
function unescaped(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 8)));
}

/** The mount that holds `path`: the deepest, and of several at one place the last. */
export function mountOf(path: string, mounts: readonly Mount[]): Mount | undefined {
  let best: Mount | undefined;
  for (const mount of mounts) {
    const holds = mount.point === '/' || path === mount.point || path.startsWith(`${mount.point}/`);
    if (holds && (best === undefined || mount.point.length >= best.point.length)) best = mount;
  }
  return best;
}

async function isMountEncrypted(
  machine: Machine,
  { device, type, source }: Mount,
): Promise<boolean | undefined> {
  if (type === 'zfs') return isDatasetEncrypted(machine, source);
  const block = device.startsWith('0:') ? await blockOfSource(machine, source) : `/sys/dev/block/${device}`;
  if (block === undefined) return undefined;
  if (type === 'btrfs') return isVolumeEncrypted(machine, block);
  return isEncrypted(machine, block, 0);
}

/** btrfs has no device number of its own; its source names one of its devices. */
async function blockOfSource(machine: Machine, source: string): Promise<string | undefined> {
  const [, mapped, plain] = /^\/dev\/(?:mapper\/(.+)|([^/]+))$/.exec(source) ?? [];
  if (plain !== undefined) return `/sys/class/block/${plain}`;
  if (mapped === undefined) return undefined;
  for (const name of (await machine.names('/sys/class/block')) ?? []) {
    if (!name.startsWith('dm-')) continue;
    const dm = await machine.text(`/sys/class/block/${name}/dm/name`);
    if (dm?.trim() === mapped) return `/sys/class/block/${name}`;
  }
  return undefined;
}

/** All devices of the btrfs volume that `block` belongs to. */
async function isVolumeEncrypted(machine: Machine, block: string): Promise<boolean | undefined> {
  const own = block.split('/').at(-1) ?? '';
  for (const volume of (await machine.names('/sys/fs/btrfs')) ?? []) {
    const devices = (await machine.names(`/sys/fs/btrfs/${volume}/devices`)) ?? [];
    if (!devices.includes(own)) continue;
    return allOf(
      await Promise.all(devices.map((name) => isEncrypted(machine, `/sys/class/block/${name}`, 0))),
    );
  }
  return isEncrypted(machine, block, 0);
}

/** @param block a block device's folder in /sys */
async function isEncrypted(machine: Machine, block: string, depth: number): Promise<boolean | undefined> {
  const inside = await machine.names(block);
  if (inside === undefined || depth > deepest) return undefined;
  const uuid = await machine.text(`${block}/dm/uuid`);
  if (uuid !== undefined && isCryptUuid(uuid)) return true;
  const below = (await machine.names(`${block}/slaves`)) ?? [];
  if (below.length > 0) {
    return allOf(
      await Promise.all(below.map((name) => isEncrypted(machine, `/sys/class/block/${name}`, depth + 1))),
    );
  }
  // A file on another file system, or the memory: what lies below is not to be seen from here.
  if (inside.includes('loop') || /\/(loop|zram|ram)\d+$/.test(block)) return undefined;
  if (!inside.includes('partition')) return false;
  const disk = await diskOfPartition(machine, block);
  return disk === undefined ? false : isEncrypted(machine, disk, depth + 1);
}

/** The device that a partition is cut from, by the folder it stands in; undefined when it cannot be told. */
async function diskOfPartition(machine: Machine, block: string): Promise<string | undefined> {
  const link = await machine.link(block);
  const disk = link?.split('/').at(-2);
  return disk === undefined || disk === 'block' ? undefined : `/sys/class/block/${disk}`;
}

/** Names as cryptsetup gives them; what it makes for integrity or verity alone encrypts nothing. */
export function isCryptUuid(uuid: string): boolean {
  return /^CRYPT-(LUKS\d|PLAIN|TCRYPT|LOOPAES|BITLK|FVAULT2)(-|$)/.test(uuid.trim());
}

async function isDatasetEncrypted(machine: Machine, dataset: string): Promise<boolean | undefined> {
  const printed = await machine.run('zfs', ['get', '-H', '-o', 'value', 'encryption', dataset]);
  const value = printed?.code === 0 ? printed.out.trim() : '';
  if (value === '' || value === '-') return undefined;
  return value !== 'off';
}

function allOf(found: readonly (boolean | undefined)[]): boolean | undefined {
  if (found.includes(false)) return false;
  return found.length === 0 || found.includes(undefined) ? undefined : true;
}
