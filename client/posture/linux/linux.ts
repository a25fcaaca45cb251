/** How Linux tells about itself: which file of this folder answers which check, and what is watched. */
import { dirname } from 'node:path';
import { askedFiles, askedProcesses } from '../asked.ts';
import type { SystemCollectors } from '../collector.ts';
import { serialNumber } from '../serial-number.ts';
import { antivirus } from './antivirus.ts';
import { automaticUpdates } from './automatic-updates.ts';
import { diskEncryption } from './disk-encryption.ts';
import { firewall } from './firewall.ts';
import { runningPrograms } from './running.ts';
import { screenLock } from './screen-lock.ts';
import { secureBoot } from './secure-boot.ts';
import { distribution, system } from './system.ts';

export const linux: SystemCollectors = {
  os: 'linux',
  always: system,
  checks: {
    distribution,
    diskEncryption,
    firewall,
    screenLock,
    antivirus,
    secureBoot,
    automaticUpdates,
    processes: async (machine, wanted) => askedProcesses(wanted, await runningPrograms(machine)),
    files: askedFiles,
    serial: async (machine) => {
      // Root alone may read it.
      const serial = serialNumber(await machine.text('/sys/class/dmi/id/product_serial'));
      return serial === undefined ? {} : { serial };
    },
  },
  async watched(machine, { checks, files }) {
    const paths: string[] = [];
    for (const { check } of checks) {
      if (check === 'firewall') paths.push('/etc/ufw');
      if (check === 'automaticUpdates')
        paths.push('/etc/apt/apt.conf.d', '/etc/dnf', '/etc/systemd/system/timers.target.wants');
      if (check === 'screenLock') paths.push(...(await settingsOf(machine)));
    }
    return [...paths, ...files.map((path) => dirname(path))];
  },
};

/** Where the desktops of the served persons keep their settings. */
async function settingsOf(machine: Parameters<SystemCollectors['watched']>[0]): Promise<string[]> {
  const passwd = ((await machine.text('/etc/passwd')) ?? '').split('\n').map((line) => line.split(':'));
  return passwd.flatMap(([, , uid, , , home = '']) =>
    machine.uids.includes(Number(uid)) && home.startsWith('/') && uid !== '0'
      ? [`${home}/.config`, `${home}/.config/dconf`]
      : [],
  );
}
