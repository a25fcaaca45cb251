/** Every other fact of Linux, on trees of files as the systems lay them out. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAptSettings } from '../../../client/posture/linux/automatic-updates.ts';
import { parseLockerFile, parseSetting, worstOf } from '../../../client/posture/linux/screen-lock.ts';
import { linuxFacts, type Run, type Tree } from './tree.ts';

const debian = `PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"
NAME="Debian GNU/Linux"
VERSION_ID="12"
VERSION="12 (bookworm)"
VERSION_CODENAME=bookworm
ID=debian
HOME_URL="https://www.debian.org/"
`;

test('the kernel and the distribution, and a distribution without versions', async (t) => {
  const tree = { '/proc/sys/kernel/osrelease': '6.1.0-13-amd64\n', '/etc/os-release': debian };
  assert.deepEqual(await linuxFacts(t, tree, []), {
    osVersion: '6.1.0-13-amd64',
    distribution: 'Debian GNU/Linux 12 (bookworm)',
  });
  const asked = await linuxFacts(t, tree, ['distribution']);
  assert.deepEqual([asked.distributionId, asked.distributionVersion], ['debian', '12']);
  const arch = await linuxFacts(
    t,
    { '/usr/lib/os-release': "NAME='Arch Linux'\nID=arch\nBUILD_ID=rolling\n" },
    ['distribution'],
  );
  assert.deepEqual(arch, { distributionId: 'arch' });
  // os-release(5): without ID it is "linux".
  assert.equal(
    (await linuxFacts(t, { '/etc/os-release': 'NAME=X\n' }, ['distribution'])).distributionId,
    'linux',
  );
  assert.deepEqual(await linuxFacts(t, {}, ['distribution']), {});
  const odd = { '/etc/os-release': `ID="../${'x'.repeat(40)}"\nPRETTY_NAME="a \\"b\\" \\$c"\n` };
  assert.deepEqual(await linuxFacts(t, odd, ['distribution']), { distribution: 'a "b" $c' });
});

const guid = '8be4df61-93ca-11d2-aa0d-00e098032b8c';
const variables = '/sys/firmware/efi/efivars';
const variable = (value: number): Buffer => Buffer.from([6, 0, 0, 0, value]);

test('secure boot: on, off, a shim that checks nothing, no EFI, and nothing to see', async (t) => {
  const cases: [about: string, tree: Tree, expected: boolean | undefined][] = [
    ['on', { [`${variables}/SecureBoot-${guid}`]: variable(1) }, true],
    ['off', { [`${variables}/SecureBoot-${guid}`]: variable(0) }, false],
    [
      'shim checks nothing',
      {
        [`${variables}/SecureBoot-${guid}`]: variable(1),
        [`${variables}/MokSBStateRT-605dab50-e046-4300-abb6-3dd810dd8b23`]: variable(1),
      },
      false,
    ],
    [
      'shim checks',
      {
        [`${variables}/SecureBoot-${guid}`]: variable(1),
        [`${variables}/MokSBStateRT-605dab50-e046-4300-abb6-3dd810dd8b23`]: variable(0),
      },
      true,
    ],
    ['started by BIOS', { '/sys/firmware/acpi/pm_profile': '1' }, false],
    ['firmware without the variable', { [`${variables}/BootOrder-${guid}`]: variable(0) }, false],
    ['variables not mounted', { [variables]: {} }, undefined],
    ['a container', { '/sys/firmware': {} }, undefined],
    ['no /sys', {}, undefined],
    ['a variable of another length', { [`${variables}/SecureBoot-${guid}`]: Buffer.from([1]) }, undefined],
  ];
  for (const [about, tree, expected] of cases)
    assert.equal((await linuxFacts(t, tree, ['secureBoot'])).secureBoot, expected, about);
});

const units = '/etc/systemd/system';
const wants = `${units}/timers.target.wants`;
const unattended: Tree = {
  '/usr/bin/unattended-upgrade': '#!/usr/bin/python3\n',
  '/etc/apt/apt.conf.d/20auto-upgrades':
    'APT::Periodic::Update-Package-Lists "1";\nAPT::Periodic::Unattended-Upgrade "1";\n',
  [`${wants}/apt-daily-upgrade.timer`]: { to: '/lib/systemd/system/apt-daily-upgrade.timer' },
};

test('automatic updates of each kind of distribution', async (t) => {
  const without = (path: string): Tree =>
    Object.fromEntries(Object.entries(unattended).filter(([key]) => key !== path));
  const cases: [about: string, tree: Tree, expected: boolean | undefined][] = [
    ['Debian with unattended-upgrades', unattended, true],
    ['the package is not there', without('/usr/bin/unattended-upgrade'), false],
    [
      'the setting is not there',
      { ...without('/etc/apt/apt.conf.d/20auto-upgrades'), '/etc/apt/apt.conf.d/01x': '' },
      false,
    ],
    ['the timer is off', without(`${wants}/apt-daily-upgrade.timer`), false],
    [
      'the timer is masked',
      { ...unattended, [`${units}/apt-daily-upgrade.timer`]: { to: '/dev/null' } },
      false,
    ],
    [
      'a later file turns it off',
      { ...unattended, '/etc/apt/apt.conf.d/99off': 'APT { Periodic { Unattended-Upgrade "0"; }; };\n' },
      false,
    ],
    [
      'a file that apt does not read',
      { ...unattended, '/etc/apt/apt.conf.d/99off.bak': 'APT::Periodic::Unattended-Upgrade "0";\n' },
      true,
    ],
    [
      'all of it turned off',
      { ...unattended, '/etc/apt/apt.conf.d/00x': 'APT::Periodic::Enable "0";\n' },
      false,
    ],
    [
      'Fedora with dnf-automatic',
      {
        '/etc/dnf/automatic.conf': '[commands]\nupgrade_type = default\napply_updates = yes\n',
        [`${wants}/dnf-automatic.timer`]: { to: '/usr/lib/systemd/system/dnf-automatic.timer' },
      },
      true,
    ],
    [
      'Fedora that downloads alone',
      {
        '/etc/dnf/automatic.conf': '[commands]\napply_updates = no\n',
        [`${wants}/dnf-automatic.timer`]: { to: '/usr/lib/systemd/system/dnf-automatic.timer' },
      },
      false,
    ],
    [
      'the timer that installs whatever the file says',
      { '/etc/dnf/dnf.conf': '', [`${wants}/dnf-automatic-install.timer`]: { to: '/usr/lib/x' } },
      true,
    ],
    ['Fedora without', { '/etc/dnf/dnf.conf': '' }, false],
    [
      'an image that stages its updates',
      {
        '/ostree/repo': {},
        '/etc/rpm-ostreed.conf': '[Daemon]\nAutomaticUpdatePolicy=stage\n',
        [`${wants}/rpm-ostreed-automatic.timer`]: { to: '/usr/lib/x' },
      },
      true,
    ],
    [
      'openSUSE with transactional-update',
      { '/etc/zypp/zypp.conf': '', [`${wants}/transactional-update.timer`]: { to: '/usr/lib/x' } },
      true,
    ],
    ['another package manager', { '/etc/pacman.conf': '' }, undefined],
  ];
  for (const [about, tree, expected] of cases)
    assert.equal((await linuxFacts(t, tree, ['automaticUpdates'])).automaticUpdates, expected, about);
});

test('apt.conf(5) with blocks, comments and quoted marks', () => {
  const text = `// a comment "x" {
# another
APT { Periodic { Unattended-Upgrade "1"; /* "0"; */ Verbose "a;b}"; }; };
APT::Periodic::Unattended-Upgrade "2";
Dpkg::Options { "--force-confold"; };`;
  const settings = parseAptSettings(text);
  assert.equal(settings.get('apt::periodic::unattended-upgrade'), '2');
  assert.equal(settings.get('apt::periodic::verbose'), 'a;b}');
});

const processes = (...list: [comm: string, command: string, uid?: number][]): Tree =>
  Object.assign(
    { '/proc/1/comm': 'systemd\n', '/proc/1/cmdline': '/sbin/init\0' },
    ...list.map(([comm, command, uid = 0], index) => ({
      [`/proc/${100 + index}/comm`]: `${comm}\n`,
      [`/proc/${100 + index}/cmdline`]: command,
      [`/proc/${100 + index}/status`]: `Name:\t${comm}\nUid:\t${uid}\t${uid}\t${uid}\t${uid}\n`,
    })),
  ) as Tree;

test('antivirus products by their programs, none, and processes that are hidden', async (t) => {
  const running = processes(
    ['clamd', '/usr/sbin/clamd\0--foreground=true\0'],
    ['falcon-sensor-b', '/opt/CrowdStrike/falcon-sensor-bpf\0'],
    ['wazuh-agentd', ''],
    ['bash', '-bash\0'],
  );
  // A thread of the kernel may be called anything.
  assert.deepEqual((await linuxFacts(t, running, ['antivirus'])).antivirus, ['clamav', 'crowdstrike-falcon']);
  assert.deepEqual((await linuxFacts(t, processes(), ['antivirus'])).antivirus, []);
  assert.equal((await linuxFacts(t, { '/proc/99/comm': 'bash\n' }, ['antivirus'])).antivirus, undefined);
});

test('programs and files that are asked for, and no others', async (t) => {
  const tree = {
    ...processes(['systemd-resolve', '/lib/systemd/systemd-resolved\0'], ['auditd', '/sbin/auditd\0']),
    '/etc/acme/agent.conf': '',
    '/etc/acme/gone': { to: '/nowhere' },
  };
  const asked = [
    'auditd',
    'systemd-resolved',
    'sshd',
    '/etc/acme',
    '/etc/acme/agent.conf',
    '/etc/acme/no',
    '/etc/acme/gone',
    '/etc/acme/agent.conf/x',
  ];
  const facts = await linuxFacts(t, tree, ['processes', 'files'], { asked });
  assert.deepEqual(facts.processes, [
    { name: 'auditd', running: true },
    { name: 'systemd-resolved', running: true },
    { name: 'sshd', running: false },
  ]);
  assert.deepEqual(
    facts.files?.map(({ present }) => present),
    [true, true, false, false, false],
  );
});

test('serial numbers, and what boards carry in the place of one', async (t) => {
  const serial = async (text: string): Promise<string | undefined> =>
    (await linuxFacts(t, { '/sys/class/dmi/id/product_serial': text }, ['serial'])).serial;
  assert.equal(await serial('PF3ABCDE\n'), 'PF3ABCDE');
  assert.equal(await serial('VMware-56 4d 1e\n'), 'VMware-56 4d 1e');
  for (const none of [
    'To be filled by O.E.M.',
    'To Be Filled By O.E.M.',
    'Default string',
    'System Serial Number',
    'Not Specified',
    'None',
    'N/A',
    '0',
    '00000000',
    'xxxxxxxxxx',
    '..................',
    '123456789',
    '',
    '   ',
    'x'.repeat(65),
    'a\u0007b',
  ])
    assert.equal(await serial(`${none}\n`), undefined, none);
  assert.deepEqual(await linuxFacts(t, {}, ['serial']), {}, 'for root alone');
});

const passwd: Tree = {
  '/etc/passwd':
    'root:x:0:0:root:/root:/bin/bash\nalice:x:1000:1000::/home/alice:/bin/bash\nbob:x:1001:1001::/home/bob:/bin/bash\n',
};

/** gsettings(1) with these values by schema and key, asked as the person. */
const gsettings =
  (values: Readonly<Record<string, string>>): Run =>
  (program, args, as) => {
    assert.deepEqual(
      [program, args[0], as?.uid, as?.env['HOME']],
      ['gsettings', 'get', 1_000, '/home/alice'],
    );
    const out = values[args.slice(1).join(' ')];
    return Promise.resolve(
      out === undefined ? { out: '', err: 'No such key', code: 1 } : { out: `${out}\n`, err: '', code: 0 },
    );
  };
const gnome = (enabled: string, idle: string, delay: string): Run =>
  gsettings({
    'org.gnome.desktop.screensaver lock-enabled': enabled,
    'org.gnome.desktop.session idle-delay': idle,
    'org.gnome.desktop.screensaver lock-delay': delay,
  });

test('the screen lock of GNOME and its kin, by gsettings as the person', async (t) => {
  const tree = { ...passwd, ...processes(['gnome-shell', '/usr/bin/gnome-shell\0', 1_000]) };
  const lock = async (run: Run, more: object = {}) => {
    const { screenLock, screenLockAfter } = await linuxFacts(t, tree, ['screenLock'], { run, ...more });
    return [screenLock, screenLockAfter];
  };
  assert.deepEqual(await lock(gnome('true', 'uint32 300', 'uint32 30')), [true, 330]);
  assert.deepEqual(await lock(gnome('false', 'uint32 300', 'uint32 0')), [false, undefined]);
  assert.deepEqual(
    await lock(gnome('true', 'uint32 0', 'uint32 0')),
    [false, undefined],
    'the screen is never idle',
  );
  assert.deepEqual(await lock(gsettings({})), [undefined, undefined]);
  assert.deepEqual(await lock(() => Promise.resolve(undefined)), [undefined, undefined]);
  assert.deepEqual(
    await lock(gnome('true', 'uint32 60', 'uint32 0'), { uids: [0, 1_001] }),
    [undefined, undefined],
    'of somebody else',
  );
  const mate = { ...passwd, ...processes(['mate-session', 'mate-session\0', 1_000]) };
  const run = gsettings({ 'org.mate.screensaver lock-enabled': 'true', 'org.mate.session idle-delay': '5' });
  assert.equal((await linuxFacts(t, mate, ['screenLock'], { run })).screenLockAfter, 300);
});

test('the screen lock of KDE, by its file and its own defaults; no desktop is unknown', async (t) => {
  const tree = { ...passwd, ...processes(['plasmashell', '/usr/bin/plasmashell\0', 1_000]) };
  const lock = async (file?: string) =>
    linuxFacts(
      t,
      { ...tree, ...(file === undefined ? {} : { '/home/alice/.config/kscreenlockerrc': file }) },
      ['screenLock'],
    );
  assert.deepEqual(await lock(), { screenLock: true, screenLockAfter: 305 });
  assert.deepEqual(await lock('[Daemon]\nTimeout=10\nLockGrace=0\n'), {
    screenLock: true,
    screenLockAfter: 600,
  });
  assert.deepEqual(await lock('[Daemon]\nAutolock=false\n'), { screenLock: false });
  assert.deepEqual(await lock('[Daemon][$i]\nTimeout[$i]=1\n[Greeter]\nTimeout=9\n'), {
    screenLock: true,
    screenLockAfter: 65,
  });
  assert.deepEqual(parseLockerFile('[Daemon]\nTimeout=0\n'), { screenLock: false });
  assert.deepEqual(parseLockerFile('[Daemon]\nTimeout=soon\n'), { screenLock: true });
  assert.deepEqual(
    await linuxFacts(t, { ...passwd, ...processes(['sway', 'sway\0', 1_000]) }, ['screenLock']),
    {},
  );
});

test('of several desktops the one that is easiest to get around counts', () => {
  assert.deepEqual(
    worstOf([
      { screenLock: true, screenLockAfter: 60 },
      { screenLock: true, screenLockAfter: 900 },
    ]),
    {
      screenLock: true,
      screenLockAfter: 900,
    },
  );
  assert.deepEqual(worstOf([{ screenLock: true, screenLockAfter: 60 }, { screenLock: true }]), {
    screenLock: true,
  });
  assert.deepEqual(worstOf([{}, { screenLock: true }]), {});
  assert.deepEqual(worstOf([{}, { screenLock: false }]), { screenLock: false });
  assert.deepEqual(['true', 'false', 'uint32 7', '12', "'x'", '', undefined].map(parseSetting), [
    true,
    false,
    7,
    12,
    undefined,
    undefined,
    undefined,
  ]);
});
