/** Trees of /proc and /sys as the kernel lays them out (Documentation/ABI/testing/sysfs-block, sysfs-block-dm). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isCryptUuid, mountOf, parseMountInfo } from '../../../client/posture/linux/disk-encryption.ts';
import { linuxFacts, type Run, type Tree } from './tree.ts';

/** Block devices in /sys: what each is made of, and how device mapper calls it. */
function blocks(
  devices: Readonly<
    Record<
      string,
      {
        readonly number: string;
        readonly uuid?: string;
        readonly name?: string;
        readonly on?: string[];
        readonly disk?: string;
        readonly loop?: true;
      }
    >
  >,
): Tree {
  const tree: Record<string, Tree[string]> = {};
  for (const [name, { number, uuid, name: dmName, on = [], disk, loop }] of Object.entries(devices)) {
    const folder = disk === undefined ? `virtual/block/${name}` : `pci0000:00/block/${disk}/${name}`;
    const place = `/sys/devices/${folder}`;
    tree[`${place}/dev`] = `${number}\n`;
    tree[`${place}/slaves`] = {};
    if (uuid !== undefined) tree[`${place}/dm/uuid`] = `${uuid}\n`;
    if (dmName !== undefined) tree[`${place}/dm/name`] = `${dmName}\n`;
    if (disk !== undefined) tree[`${place}/partition`] = '2\n';
    if (loop === true) tree[`${place}/loop/backing_file`] = '/root.img\n';
    for (const below of on) {
      delete tree[`${place}/slaves`];
      tree[`${place}/slaves/${below}`] = { to: '../../nowhere' };
    }
    tree[`/sys/dev/block/${number}`] = { to: `../../devices/${folder}` };
    tree[`/sys/class/block/${name}`] = { to: `../../devices/${folder}` };
  }
  return tree;
}

const mounts = (...lines: string[]): Tree => ({ '/proc/self/mountinfo': `${lines.join('\n')}\n` });
const luks = 'CRYPT-LUKS2-0f5e0b7e6d5c4d1f8a9b2c3d4e5f6071-nvme0n1p3_crypt';

async function encryption(
  test_: Parameters<typeof linuxFacts>[0],
  ...trees: Tree[]
): Promise<boolean | undefined> {
  const facts = await linuxFacts(test_, Object.assign({}, ...trees) as Tree, ['diskEncryption']);
  return facts.diskEncryption;
}

const nvme = blocks({
  nvme0n1: { number: '259:0' },
  nvme0n1p2: { number: '259:2', disk: 'nvme0n1' },
  nvme0n1p3: { number: '259:3', disk: 'nvme0n1' },
  'dm-0': { number: '254:0', uuid: luks, name: 'nvme0n1p3_crypt', on: ['nvme0n1p3'] },
  'dm-1': { number: '254:1', uuid: 'LVM-aaaaroot', name: 'vg-root', on: ['dm-0'] },
  'dm-2': { number: '254:2', uuid: 'LVM-aaaahome', name: 'vg-home', on: ['dm-0', 'nvme0n1p2'] },
});
const root = (device: string, source = '/dev/x'): string =>
  `25 1 ${device} / / rw,relatime shared:1 - ext4 ${source} rw`;
const home = (device: string): string => `60 25 ${device} / /home rw,relatime shared:30 - ext4 /dev/y rw`;

test('LUKS directly under the root, and under LVM', async (t) => {
  assert.equal(await encryption(t, nvme, mounts(root('254:0'))), true);
  assert.equal(await encryption(t, nvme, mounts(root('254:1'))), true);
});

test('a partition of a plain disk is not encrypted', async (t) => {
  assert.equal(await encryption(t, nvme, mounts(root('259:3'))), false);
  assert.equal(await encryption(t, nvme, mounts(root('259:0'))), false);
});

test('one plain disk below an encrypted volume, or a plain home beside an encrypted root, is not encrypted', async (t) => {
  assert.equal(await encryption(t, nvme, mounts(root('254:2'))), false);
  assert.equal(await encryption(t, nvme, mounts(root('254:1'), home('259:2'))), false);
  assert.equal(await encryption(t, nvme, mounts(root('254:1'), home('254:1'))), true);
});

test('RAID over two disks of which one is encrypted', async (t) => {
  const raid = (second: string): Tree =>
    blocks({
      sda: { number: '8:0' },
      sdb: { number: '8:16' },
      'dm-0': { number: '254:0', uuid: luks, on: ['sda'] },
      'dm-1': { number: '254:1', uuid: luks, on: ['sdb'] },
      md0: { number: '9:0', on: ['dm-0', second] },
      md0p1: { number: '259:9', disk: 'md0' },
    });
  assert.equal(await encryption(t, raid('dm-1'), mounts(root('9:0'))), true);
  assert.equal(await encryption(t, raid('sdb'), mounts(root('9:0'))), false);
  assert.equal(await encryption(t, raid('dm-1'), mounts(root('259:9'))), true, 'a partition of the array');
});

test('btrfs has no device number: its source counts, and every disk of its volume', async (t) => {
  const line = (source: string): string => `25 1 0:22 /@ / rw - btrfs ${source} rw,subvol=/@`;
  assert.equal(await encryption(t, nvme, mounts(line('/dev/mapper/nvme0n1p3_crypt'))), true);
  assert.equal(await encryption(t, nvme, mounts(line('/dev/dm-1'))), true);
  assert.equal(await encryption(t, nvme, mounts(line('/dev/nvme0n1p3'))), false);
  assert.equal(await encryption(t, nvme, mounts(line('/dev/mapper/gone'))), undefined);
  const volume = (second: string): Tree => ({
    '/sys/fs/btrfs/0a1b/devices/dm-0': {},
    [`/sys/fs/btrfs/0a1b/devices/${second}`]: {},
    '/sys/fs/btrfs/features/x': {},
  });
  const source = line('/dev/mapper/nvme0n1p3_crypt');
  assert.equal(await encryption(t, nvme, volume('nvme0n1p2'), mounts(source)), false);
  assert.equal(await encryption(t, nvme, volume('dm-1'), mounts(source)), true);
});

test('what cannot be looked into is unknown: containers, memory, networks, files as disks, devices without /sys', async (t) => {
  for (const line of [
    '25 1 0:40 / / rw - overlay overlay rw,lowerdir=/a',
    '25 1 0:41 / / rw - tmpfs tmpfs rw',
    '25 1 0:42 / / rw - nfs4 server:/export rw',
    root('254:77'),
  ])
    assert.equal(await encryption(t, nvme, mounts(line)), undefined, line);
  const loop = blocks({ loop0: { number: '7:0', loop: true } });
  assert.equal(await encryption(t, loop, mounts(root('7:0'))), undefined);
  assert.equal(await encryption(t, {}), undefined);
});

test('a loop of devices ends', async (t) => {
  const loop = blocks({
    'dm-0': { number: '254:0', uuid: 'LVM-x', on: ['dm-1'] },
    'dm-1': { number: '254:1', uuid: 'LVM-y', on: ['dm-0'] },
  });
  assert.equal(await encryption(t, loop, mounts(root('254:0'))), undefined);
});

test('a dataset of ZFS, by zfs get', async (t) => {
  const line = mounts('25 1 0:23 / / rw - zfs rpool/ROOT/debian rw,xattr');
  const answering =
    (out: string, code = 0): Run =>
    (program, args) => {
      assert.deepEqual(
        [program, ...args],
        ['zfs', 'get', '-H', '-o', 'value', 'encryption', 'rpool/ROOT/debian'],
      );
      return Promise.resolve({ out, err: '', code });
    };
  for (const [out, expected] of [
    ['aes-256-gcm\n', true],
    ['off\n', false],
    ['-\n', undefined],
  ] as const)
    assert.equal(
      (await linuxFacts(t, line, ['diskEncryption'], { run: answering(out) })).diskEncryption,
      expected,
    );
  assert.equal(
    (await linuxFacts(t, line, ['diskEncryption'], { run: answering('', 1) })).diskEncryption,
    undefined,
  );
});

test('what cryptsetup makes for integrity and verity alone encrypts nothing', () => {
  for (const uuid of [luks, 'CRYPT-LUKS1-0f5e-root', 'CRYPT-PLAIN-swap', 'CRYPT-BITLK-1-c', 'CRYPT-TCRYPT-x'])
    assert.equal(isCryptUuid(uuid), true, uuid);
  for (const uuid of ['CRYPT-VERITY-0f5e-root', 'CRYPT-INTEGRITY-x', 'LVM-CRYPT-LUKS2', 'mpath-3600', ''])
    assert.equal(isCryptUuid(uuid), false, uuid);
});

test('mounts are read with their escapes and optional fields, and the last of one place counts', () => {
  // The example of proc_pid_mountinfo(5), and a path with a space.
  const text =
    '36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue\n' +
    '37 35 8:1 / /home\\040of\\040all rw shared:1 master:2 - ext4 /dev/sda1 rw\n' +
    '38 35 8:2 / / rw - ext4 /dev/sda2 rw\n39 35 8:3 / / rw - ext4 /dev/sda3 rw\nbroken\n';
  const parsed = parseMountInfo(text);
  assert.deepEqual(
    parsed.map(({ device, point }) => [device, point]),
    [
      ['98:0', '/mnt2'],
      ['8:1', '/home of all'],
      ['8:2', '/'],
      ['8:3', '/'],
    ],
  );
  assert.equal(mountOf('/', parsed)?.device, '8:3');
  assert.equal(mountOf('/mnt2/x', parsed)?.device, '98:0');
  assert.equal(mountOf('/mnt2x', parsed)?.device, '8:3');
});
