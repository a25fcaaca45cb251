/**
 * What macOS's programs print; nothing here was run on a Mac. Apple's manual pages name the verbs and rarely what is
 * printed: lines beside which "as audits compare it" stands were found in public scripts that audit the setting, and the
 * forms of sw_vers, softwareupdate and defaults are as their manual pages describe them, not copied from a machine.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { collectFacts } from '../../../client/posture/collect.ts';
import { macos } from '../../../client/posture/macos/macos.ts';
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
} from '../../../client/posture/macos/parse.ts';
import { postureChecks } from '../../../protocol/posture.ts';
import { machineOf, type Run } from './tree.ts';

test('sw_vers(1): the three lines that its manual page describes', () => {
  const text = 'ProductName:\t\tmacOS\nProductVersion:\t\t14.5\nBuildVersion:\t\t23F79\n';
  assert.deepEqual(parseSwVers(text), { osVersion: '14.5', distribution: 'macOS 14.5 (23F79)' });
  assert.deepEqual(parseSwVers('ProductName:\tMac OS X\nProductVersion:\t10.15.7\n').osVersion, '10.15.7');
  assert.deepEqual(parseSwVers('sw_vers: not found'), {});
});

test('fdesetup(8) status, as audits compare it', () => {
  assert.equal(parseFileVault('FileVault is On.\n'), true);
  assert.equal(parseFileVault('FileVault is Off.\n'), false);
  assert.equal(parseFileVault('FileVault is On.\nEncryption in progress: Percent completed = 23\n'), false);
  assert.equal(parseFileVault('FileVault is On.\nDecryption in progress: Percent completed = 23\n'), false);
  assert.equal(parseFileVault('Error: This operation requires root access'), undefined);
});

test('socketfilterfw --getglobalstate, as audits compare it', () => {
  assert.equal(parseApplicationFirewall('Firewall is enabled. (State = 1)\n'), true);
  assert.equal(
    parseApplicationFirewall('Firewall is blocking all non-essential incoming connections. (State = 2)'),
    true,
  );
  assert.equal(parseApplicationFirewall('Firewall is disabled. (State = 0)\n'), false);
  assert.equal(parseApplicationFirewall(''), undefined);
});

test('csrutil(8) status, as audits compare it', () => {
  assert.equal(parseIntegrityProtection('System Integrity Protection status: enabled.\n'), true);
  assert.equal(parseIntegrityProtection('System Integrity Protection status: disabled.\n'), false);
  assert.equal(
    parseIntegrityProtection('System Integrity Protection status: unknown (Custom Configuration).\n'),
    false,
  );
  assert.equal(parseIntegrityProtection(''), undefined);
});

test('start-up security by system_profiler: the levels of Apple Platform Security, "Startup Security Utility"', () => {
  const report = (level: string): string =>
    JSON.stringify({ SPiBridgeDataType: [{ _name: 'hardware_overview', ibridge_secure_boot: level }] });
  assert.equal(parseStartupSecurity(report('Full Security')), true);
  for (const level of ['Reduced Security', 'Permissive Security', 'Medium Security', 'No Security'])
    assert.equal(parseStartupSecurity(report(level)), false, level);
  assert.equal(parseStartupSecurity(report('Sécurité maximale')), undefined, 'a word that is not known');
  assert.equal(parseStartupSecurity('{"SPiBridgeDataType":[]}'), undefined, 'a Mac without such a chip');
  for (const text of ['', 'null', '[]', '{', '{"SPiBridgeDataType":[null]}'])
    assert.equal(parseStartupSecurity(text), undefined, text);
});

test('sysadminctl -screenLock status, as audits compare it', () => {
  const line = (rest: string): string => `2026-11-20 10:00:00.000 sysadminctl[512:4242] ${rest}\n`;
  assert.equal(parseScreenLock(line('screenLock delay is immediate')), 0);
  assert.equal(parseScreenLock(line('screenLock delay is 5 seconds')), 5);
  assert.equal(parseScreenLock(line('screenLock delay is 300 seconds')), 300);
  assert.equal(parseScreenLock(line('screenLock is off')), false);
  assert.equal(parseScreenLock(line('screenLock delay is -1.000000 seconds')), false);
  assert.equal(parseScreenLock(''), undefined);
});

test('softwareupdate(8) --schedule and defaults(1) read', () => {
  assert.equal(parseUpdateSchedule('Automatic checking for updates is turned on\n'), true);
  assert.equal(parseUpdateSchedule('Automatic checking for updates is turned off\n'), false);
  assert.equal(parseUpdateSchedule('Automatic check is on\n'), true);
  assert.equal(parseUpdateSchedule(''), undefined);
  assert.deepEqual(['1\n', '0\n', '1200\n', 'true', '', 'does not exist'].map(parseDefault), [
    1,
    0,
    1_200,
    1,
    undefined,
    undefined,
  ]);
});

test('the serial number of SPHardwareDataType', () => {
  assert.equal(
    parseHardwareSerial('{"SPHardwareDataType":[{"serial_number":"C02XK0AAJG5H"}]}'),
    'C02XK0AAJG5H',
  );
  assert.equal(parseHardwareSerial('{"SPHardwareDataType":[{}]}'), undefined);
});

test('its collectors ask these programs, by their whole paths, and a Mac that answers nothing is unknown', async (t) => {
  const asked: string[] = [];
  const answers: Record<string, { out?: string; err?: string }> = {
    '/usr/bin/sw_vers': { out: 'ProductVersion: 15.1\n' },
    '/usr/bin/fdesetup status': { out: 'FileVault is On.\n' },
    '/usr/sbin/sysadminctl -screenLock status': { err: 'screenLock delay is 5 seconds' },
    '/usr/bin/defaults -currentHost read com.apple.screensaver idleTime': { out: '600\n' },
    '/usr/sbin/softwareupdate --schedule': { out: 'Automatic checking for updates is turned on\n' },
    '/usr/bin/defaults read /Library/Preferences/com.apple.SoftwareUpdate AutomaticallyInstallMacOSUpdates': {
      out: '1\n',
    },
    '/bin/ps -axc -o comm=': { out: 'launchd\nfalcond\n' },
    '/usr/bin/csrutil status': { out: 'System Integrity Protection status: disabled.' },
    '/usr/sbin/system_profiler -json SPiBridgeDataType': {
      out: '{"SPiBridgeDataType":[{"ibridge_secure_boot":"Full Security"}]}',
    },
  };
  const run: Run = (program, args) => {
    const line = [program, ...args].join(' ');
    asked.push(line);
    const answer = answers[line];
    return Promise.resolve(answer && { out: answer.out ?? '', err: answer.err ?? '', code: 0 });
  };
  const wanted = {
    checks: postureChecks.map((check) => ({ check, resources: [], count: 0 })),
    processes: ['falcond', 'jamf'],
    files: [],
  };
  const { clientVersion: _version, ...facts } = await collectFacts(
    macos,
    await machineOf(t, {}, { run }),
    wanted,
  );
  assert.deepEqual(facts, {
    os: 'macos',
    osVersion: '15.1',
    distribution: 'macOS 15.1',
    diskEncryption: true,
    screenLock: true,
    screenLockAfter: 605,
    automaticUpdates: true,
    antivirus: ['crowdstrike-falcon'],
    secureBoot: false,
    processes: [
      { name: 'falcond', running: true },
      { name: 'jamf', running: false },
    ],
    files: [],
  });
  assert.ok(asked.every((line) => line.startsWith('/')));
  const silent = await collectFacts(macos, await machineOf(t, {}), wanted);
  assert.deepEqual(Object.keys(silent).toSorted(), ['clientVersion', 'files', 'os']);
});
