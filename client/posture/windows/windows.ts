/** How Windows tells about itself: which of its programs answers which check. Untested on a real machine. */
import { release } from 'node:os';
import type { PostureFacts } from '../../../protocol/posture-facts.ts';
import { productsAmong } from '../antivirus-programs.ts';
import { askedFiles } from '../asked.ts';
import type { SystemCollectors } from '../collector.ts';
import type { Machine } from '../machine.ts';
import { serialNumber } from '../serial-number.ts';
import {
  automaticUpdatesBy,
  parseBiosSerial,
  parseBitLocker,
  parseDefender,
  parseFirewallProfiles,
  parseRegistryValue,
  parseSecureBoot,
  parseTasks,
} from './parse.ts';

const system32 = 'C:\\Windows\\System32';
const updatePolicy = 'HKLM\\SOFTWARE\\Policies\\Microsoft\\Windows\\WindowsUpdate\\AU';
const desktop = 'HKCU\\Control Panel\\Desktop';
const desktopPolicy = 'HKCU\\Software\\Policies\\Microsoft\\Windows\\Control Panel\\Desktop';
const systemPolicy = 'HKLM\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Policies\\System';

export const windows: SystemCollectors = {
  os: 'windows',
  always: async () => ({ osVersion: release().slice(0, 256) }),
  checks: {
    diskEncryption: async (machine) =>
      fact(
        'diskEncryption',
        parseBitLocker(
          await powershell(
            machine,
            'Get-BitLockerVolume -MountPoint $env:SystemDrive | Format-List MountPoint,VolumeStatus,ProtectionStatus',
          ),
        ),
      ),
    firewall: async (machine) =>
      fact(
        'firewall',
        parseFirewallProfiles(
          await powershell(
            machine,
            'Get-NetFirewallProfile -PolicyStore ActiveStore | Format-List Name,Enabled,DefaultInboundAction',
          ),
        ),
      ),
    secureBoot: async (machine) =>
      fact('secureBoot', parseSecureBoot(await powershell(machine, 'Confirm-SecureBootUEFI'))),
    async antivirus(machine) {
      const running = await runningPrograms(machine);
      const defender = parseDefender(
        await powershell(
          machine,
          'Get-MpComputerStatus | Format-List AMServiceEnabled,AntivirusEnabled,RealTimeProtectionEnabled',
        ),
      );
      if (running === undefined) return {};
      return { antivirus: [...productsAmong(running), ...(defender === true ? ['microsoft-defender'] : [])] };
    },
    async automaticUpdates(machine) {
      const off = await registry(machine, updatePolicy, 'NoAutoUpdate');
      const options = await registry(machine, updatePolicy, 'AUOptions');
      return fact('automaticUpdates', automaticUpdatesBy(off, options));
    },
    screenLock,
    async processes(machine, wanted) {
      const running = await runningPrograms(machine);
      if (running === undefined) return {};
      // Names of programs have no case here.
      const lower = new Set([...running].map((name) => name.toLowerCase()));
      return {
        processes: wanted.processes.map((name) => ({ name, running: lower.has(name.toLowerCase()) })),
      };
    },
    files: askedFiles,
    serial: async (machine) =>
      fact(
        'serial',
        serialNumber(
          parseBiosSerial(
            await powershell(machine, 'Get-CimInstance -ClassName Win32_BIOS | Format-List SerialNumber'),
          ),
        ),
      ),
  },
  watched: async () => [],
};

/** The machine's own limit on idleness locks by itself; else a screen saver that asks for the password does. */
async function screenLock(machine: Machine): Promise<Partial<PostureFacts>> {
  const limit = await registry(machine, systemPolicy, 'InactivityTimeoutSecs');
  if (typeof limit === 'number' && limit > 0) return { screenLock: true, screenLockAfter: limit };
  const setting = async (name: string): Promise<number | string | undefined> =>
    (await registry(machine, desktopPolicy, name)) ?? registry(machine, desktop, name);
  const active = await setting('ScreenSaveActive');
  const secure = await setting('ScreenSaverIsSecure');
  const after = Number(await setting('ScreenSaveTimeOut'));
  if (active === undefined) return {};
  // Without the value the screen saver asks for nothing.
  if (active !== '1' || secure !== '1') return { screenLock: false };
  return Number.isSafeInteger(after) && after > 0
    ? { screenLock: true, screenLockAfter: after }
    : { screenLock: true };
}

/** What a fixed command printed; empty when it failed. */
async function powershell(machine: Machine, command: string): Promise<string> {
  const program = `${system32}\\WindowsPowerShell\\v1.0\\powershell.exe`;
  const printed = await machine.run(program, ['-NoProfile', '-NonInteractive', '-Command', command]);
  return printed?.code === 0 ? printed.out : '';
}

/** Undefined when there is no such value. Throws when the registry could not be asked: then nothing follows from it. */
async function registry(machine: Machine, key: string, name: string): Promise<number | string | undefined> {
  const printed = await machine.run(`${system32}\\reg.exe`, ['query', key, '/v', name]);
  if (printed === undefined) throw new Error('reg.exe cannot be run');
  return printed.code === 0 ? parseRegistryValue(printed.out, name) : undefined;
}

async function runningPrograms(machine: Machine): Promise<Set<string> | undefined> {
  const printed = await machine.run(`${system32}\\tasklist.exe`, ['/fo', 'csv', '/nh']);
  return printed?.code === 0 ? parseTasks(printed.out) : undefined;
}

function fact<K extends keyof PostureFacts>(
  name: K,
  value: PostureFacts[K] | undefined,
): Partial<PostureFacts> {
  return value === undefined ? {} : { [name]: value };
}
