/**
 * What Windows's programs print, from Microsoft's documentation as named beside each; nothing here was run on Windows.
 * Where the documentation shows no output (the firewall, reg query, tasklist, Windows Update), the names and values are
 * those of the properties and forms it describes.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { collectFacts } from '../../../client/posture/collect.ts';
import {
  automaticUpdatesBy,
  parseBiosSerial,
  parseBitLocker,
  parseDefender,
  parseFirewallProfiles,
  parseRegistryValue,
  parseSecureBoot,
  parseTasks,
} from '../../../client/posture/windows/parse.ts';
import { windows } from '../../../client/posture/windows/windows.ts';
import { postureChecks } from '../../../protocol/posture.ts';
import { machineOf, type Run } from './tree.ts';

/** Microsoft Learn, module BitLocker, Get-BitLockerVolume, example 3. */
const volume = `ComputerName         : DESKTOP-XXXXXXX
MountPoint           : C:
EncryptionMethod     : XtsAes128
AutoUnlockEnabled    :
AutoUnlockKeyStored  : False
MetadataVersion      : 2
VolumeStatus         : FullyEncrypted
ProtectionStatus     : On
LockStatus           : Unlocked
EncryptionPercentage : 100
WipePercentage       : 0
VolumeType           : OperatingSystem
CapacityGB           : 218,2344
KeyProtector         : {RecoveryPassword, Tpm}
`;

test('Get-BitLockerVolume: encrypted whole with its key protected, and each other state of example 1', () => {
  assert.equal(parseBitLocker(volume), true);
  assert.equal(parseBitLocker(volume.replaceAll('\n', '\r\n')), true);
  assert.equal(parseBitLocker(volume.replace(': On', ': Off')), false, 'suspended: the key lies open');
  assert.equal(parseBitLocker(volume.replace('FullyEncrypted', 'EncryptionInProgress')), false);
  assert.equal(parseBitLocker(volume.replace('FullyEncrypted', 'FullyDecrypted')), false);
  assert.equal(parseBitLocker(volume.replace(': On', ': Unknown')), undefined);
  assert.equal(parseBitLocker('Get-BitLockerVolume : Access denied'), undefined);
});

test('Get-NetFirewallProfile: the values of its parameters Enabled and DefaultInboundAction, profile by profile', () => {
  // Set-NetFirewallProfile: -Enabled is True, False or NotConfigured; -DefaultInboundAction Block, Allow or NotConfigured.
  const profiles = (...states: [enabled: string, inbound: string][]): string =>
    states
      .map(
        ([enabled, inbound], index) =>
          `\r\nName                 : ${['Domain', 'Private', 'Public'][index]}\r\nEnabled              : ${enabled}\r\nDefaultInboundAction : ${inbound}\r\n`,
      )
      .join('');
  const on: [string, string] = ['True', 'NotConfigured'];
  assert.equal(parseFirewallProfiles(profiles(on, on, ['True', 'Block'])), true);
  assert.equal(parseFirewallProfiles(profiles(on, ['False', 'Block'], on)), false);
  assert.equal(parseFirewallProfiles(profiles(on, on, ['True', 'Allow'])), false);
  assert.equal(parseFirewallProfiles(profiles(on, on, ['NotConfigured', 'Block'])), undefined);
  assert.equal(parseFirewallProfiles(''), undefined);
});

test('Confirm-SecureBootUEFI: what its page says it returns and displays', () => {
  assert.equal(parseSecureBoot('True\r\n'), true);
  assert.equal(parseSecureBoot('False\r\n'), false);
  assert.equal(parseSecureBoot('Cmdlet not supported on this platform.'), undefined);
  assert.equal(parseSecureBoot('Unable to set proper privileges.\nAccess was denied.'), undefined);
});

/** Microsoft Learn, module Defender, Get-MpComputerStatus, example 1, in part. */
const defender = `AMEngineVersion                 : 1.1.9700.0
AMProductVersion                : 4.3.9463.0
AMServiceEnabled                : True
AMServiceVersion                : 4.3.9463.0
AntispywareEnabled              : True
AntivirusEnabled                : True
AntivirusSignatureLastUpdated   : 7/30/2013 3:01:45 AM
BehaviorMonitorEnabled          : True
FullScanEndTime                 :
RealTimeProtectionEnabled       : True
RealTimeScanDirection           : 0
`;

test('Get-MpComputerStatus: on, and with its real-time protection off', () => {
  assert.equal(parseDefender(defender), true);
  assert.equal(parseDefender(defender.replace(/(RealTimeProtectionEnabled\s+: )True/, '$1False')), false);
  assert.equal(parseDefender(defender.replace(/(AntivirusEnabled\s+: )True/, '$1False')), false);
  assert.equal(parseDefender(defender.replace(/AMServiceEnabled.*\n/, '')), undefined);
});

test('Win32_BIOS: the example of Microsoft Learn, PowerShell 101, "Working with WMI"', () => {
  const bios = `SMBIOSBIOSVersion : 090006
Manufacturer      : American Megatrends Inc.
Name              : Intel(R) Xeon(R) CPU E3-1505M v5 @ 2.80GHz
SerialNumber      : 3810-1995-1654-4615-2295-2755-89
Version           : VRTUAL - 4001628
`;
  assert.equal(parseBiosSerial(bios), '3810-1995-1654-4615-2295-2755-89');
  assert.equal(parseBiosSerial(''), undefined);
});

test('reg query: four blanks, name, type and value, as its page has them', () => {
  const text = `\r\nHKEY_LOCAL_MACHINE\\SOFTWARE\\Policies\\Microsoft\\Windows\\WindowsUpdate\\AU\r\n    AUOptions    REG_DWORD    0x4\r\n\r\n`;
  assert.equal(parseRegistryValue(text, 'AUOptions'), 4);
  assert.equal(parseRegistryValue(text, 'auoptions'), 4);
  assert.equal(parseRegistryValue(text, 'NoAutoUpdate'), undefined);
  assert.equal(parseRegistryValue('    ScreenSaveTimeOut    REG_SZ    600\r\n', 'ScreenSaveTimeOut'), '600');
  assert.equal(parseRegistryValue('    X    REG_DWORD    4\r\n', 'X'), undefined);
});

test('Windows Update by its policy: the values of "Configure Automatic Updates", Microsoft Learn', () => {
  assert.equal(automaticUpdatesBy(1, 4), false);
  assert.deepEqual(
    [2, 3, 4, 5, 7].map((options) => automaticUpdatesBy(0, options)),
    [false, false, true, undefined, false],
  );
  assert.equal(automaticUpdatesBy(undefined, undefined), true);
});

test('tasklist: the first field of each line, as its page has it for /fo csv', () => {
  const text =
    '"System Idle Process","0","Services","0","8 K"\r\n"MsMpEng.exe","3012","Services","0","210,344 K"\r\n\r\n';
  assert.deepEqual(parseTasks(text), new Set(['System Idle Process', 'MsMpEng.exe']));
});

const policy = 'HKLM\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Policies\\System';
const desktop = 'HKCU\\Control Panel\\Desktop';

/** A registry with these values, and nothing else that answers. */
const registry =
  (values: Readonly<Record<string, string>>): Run =>
  (program, args) => {
    if (!program.endsWith('\\reg.exe')) return Promise.resolve(undefined);
    const [, key = '', , name = ''] = args;
    const value = values[`${key} ${name}`];
    const out = value === undefined ? '' : `\r\n${key}\r\n    ${name}    ${value}\r\n`;
    return Promise.resolve({ out, err: '', code: value === undefined ? 1 : 0 });
  };

test('the screen lock by the limit of the machine, or by the screen saver; a registry that cannot be asked is unknown', async (t) => {
  const lock = async (run: Run) => {
    const wanted = { checks: [{ check: 'screenLock', resources: [], count: 0 }], processes: [], files: [] };
    const { screenLock, screenLockAfter } = await collectFacts(
      windows,
      await machineOf(t, {}, { run }),
      wanted,
    );
    return [screenLock, screenLockAfter];
  };
  assert.deepEqual(await lock(registry({ [`${policy} InactivityTimeoutSecs`]: 'REG_DWORD    0x384' })), [
    true,
    900,
  ]);
  const saver = {
    [`${desktop} ScreenSaveActive`]: 'REG_SZ    1',
    [`${desktop} ScreenSaverIsSecure`]: 'REG_SZ    1',
    [`${desktop} ScreenSaveTimeOut`]: 'REG_SZ    600',
  };
  assert.deepEqual(await lock(registry(saver)), [true, 600]);
  assert.deepEqual(await lock(registry({ ...saver, [`${desktop} ScreenSaverIsSecure`]: 'REG_SZ    0' })), [
    false,
    undefined,
  ]);
  assert.deepEqual(await lock(registry({})), [undefined, undefined]);
  assert.deepEqual(await lock(() => Promise.resolve(undefined)), [undefined, undefined]);
});

test('Windows that answers nothing is unknown in everything, automatic updates included', async (t) => {
  const wanted = {
    checks: postureChecks.map((check) => ({ check, resources: [], count: 0 })),
    processes: ['x.exe'],
    files: [],
  };
  const facts = await collectFacts(windows, await machineOf(t, {}), wanted);
  assert.deepEqual(Object.keys(facts).toSorted(), ['clientVersion', 'files', 'os', 'osVersion']);
});
