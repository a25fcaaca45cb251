/** How macOS tells about itself: which of its programs answers which check. Untested on a real machine. */
import type { PostureFacts } from '../../../protocol/posture-facts.ts';
import { productsAmong } from '../antivirus-programs.ts';
import { askedFiles, askedProcesses } from '../asked.ts';
import type { SystemCollectors } from '../collector.ts';
import type { Machine } from '../machine.ts';
import { serialNumber } from '../serial-number.ts';
import {
  parseApplicationFirewall,
  parseDefault,
  parseFileVault,
  parseHardwareSerial,
  parseIntegrityProtection,
  parseScreenLock,
  parseStartupSecurity,
  parseSwVers,
  parseUpdateSchedule,
} from './parse.ts';

const firewallTool = '/usr/libexec/ApplicationFirewall/socketfilterfw';
const updateSettings = '/Library/Preferences/com.apple.SoftwareUpdate';

export const macos: SystemCollectors = {
  os: 'macos',
  always: async (machine) => parseSwVers(await printed(machine, '/usr/bin/sw_vers', [])),
  checks: {
    diskEncryption: async (machine) =>
      fact('diskEncryption', parseFileVault(await printed(machine, '/usr/bin/fdesetup', ['status']))),
    firewall: async (machine) =>
      fact('firewall', parseApplicationFirewall(await printed(machine, firewallTool, ['--getglobalstate']))),
    async secureBoot(machine) {
      const level = parseStartupSecurity(
        await printed(machine, '/usr/sbin/system_profiler', ['-json', 'SPiBridgeDataType']),
      );
      const protection = parseIntegrityProtection(await printed(machine, '/usr/bin/csrutil', ['status']));
      return fact('secureBoot', level === true && protection === false ? false : level);
    },
    async automaticUpdates(machine) {
      const looks = parseUpdateSchedule(await printed(machine, '/usr/sbin/softwareupdate', ['--schedule']));
      const installs = parseDefault(
        await printed(machine, '/usr/bin/defaults', [
          'read',
          updateSettings,
          'AutomaticallyInstallMacOSUpdates',
        ]),
      );
      if (looks === false || installs === 0) return { automaticUpdates: false };
      return looks === true && installs === 1 ? { automaticUpdates: true } : {};
    },
    async screenLock(machine) {
      const delay = parseScreenLock(
        await printed(machine, '/usr/sbin/sysadminctl', ['-screenLock', 'status']),
      );
      if (delay === undefined) return {};
      if (delay === false) return { screenLock: false };
      const idle = parseDefault(
        await printed(machine, '/usr/bin/defaults', [
          '-currentHost',
          'read',
          'com.apple.screensaver',
          'idleTime',
        ]),
      );
      // Without a screen saver the display may still go dark, after a time that is not known here.
      return idle === undefined || idle === 0
        ? { screenLock: true }
        : { screenLock: true, screenLockAfter: idle + delay };
    },
    async antivirus(machine) {
      const running = await runningPrograms(machine);
      return running === undefined ? {} : { antivirus: productsAmong(running) };
    },
    processes: async (machine, wanted) => askedProcesses(wanted, await runningPrograms(machine)),
    files: askedFiles,
    async serial(machine) {
      const json = await printed(machine, '/usr/sbin/system_profiler', ['-json', 'SPHardwareDataType']);
      return fact('serial', serialNumber(parseHardwareSerial(json)));
    },
  },
  watched: async () => [],
};

/** What a program printed, errors included, since sysadminctl prints its answer there; empty when it failed. */
async function printed(machine: Machine, program: string, args: readonly string[]): Promise<string> {
  const result = await machine.run(program, args);
  return result?.code === 0 ? result.out + result.err : '';
}

/** ps(1): the name of every program that runs, without its folder. */
async function runningPrograms(machine: Machine): Promise<Set<string> | undefined> {
  const text = await printed(machine, '/bin/ps', ['-axc', '-o', 'comm=']);
  const names = text.split('\n').map((line) => line.trim());
  return text === '' ? undefined : new Set(names.filter((name) => name !== ''));
}

function fact<K extends keyof PostureFacts>(
  name: K,
  value: PostureFacts[K] | undefined,
): Partial<PostureFacts> {
  return value === undefined ? {} : { [name]: value };
}
