/**
 * What Windows's own programs print, read as Microsoft's documentation has it. Names and values that PowerShell takes from
 * objects stay English in every language of Windows; sentences do not, and are not read. Untested on a real machine.
 */

/** The objects of a PowerShell list (`Name : value`), one after the other, an empty line between them. */
function parseObjects(text: string): ReadonlyMap<string, string>[] {
  return text
    .split(/\r?\n\s*\r?\n/)
    .map((block) => {
      const object = new Map<string, string>();
      for (const line of block.split(/\r?\n/)) {
        const [, name, value = ''] = /^(\w+)\s*:\s?(.*?)\s*$/.exec(line) ?? [];
        if (name !== undefined) object.set(name, value);
      }
      return object;
    })
    .filter(({ size }) => size > 0);
}

/** Get-BitLockerVolume: the volume is encrypted whole, and its key is not lying open. */
export function parseBitLocker(text: string): boolean | undefined {
  const [volume] = parseObjects(text);
  const [status, protection] = [volume?.get('VolumeStatus'), volume?.get('ProtectionStatus')];
  if (status === undefined || (protection !== 'On' && protection !== 'Off')) return undefined;
  return protection === 'On' && status === 'FullyEncrypted';
}

/** Get-NetFirewallProfile: the firewall is on for every kind of network, and blocks what comes in unless a rule allows it. */
export function parseFirewallProfiles(text: string): boolean | undefined {
  const profiles = parseObjects(text).filter((profile) => profile.has('Enabled'));
  if (profiles.length === 0) return undefined;
  const states = profiles.map((profile) => {
    if (profile.get('Enabled') === 'False' || profile.get('DefaultInboundAction') === 'Allow') return false;
    return profile.get('Enabled') === 'True' ? true : undefined;
  });
  if (states.includes(false)) return false;
  return states.includes(undefined) ? undefined : true;
}

/** Confirm-SecureBootUEFI: True or False; on a machine without secure boot it fails and prints neither. */
export function parseSecureBoot(text: string): boolean | undefined {
  const value = text.trim();
  return value === 'True' || value === 'False' ? value === 'True' : undefined;
}

/** Get-MpComputerStatus: Defender is on and looks at what is opened. */
export function parseDefender(text: string): boolean | undefined {
  const [status] = parseObjects(text);
  const parts = ['AMServiceEnabled', 'AntivirusEnabled', 'RealTimeProtectionEnabled'].map((name) =>
    status?.get(name),
  );
  if (parts.includes('False')) return false;
  return parts.every((part) => part === 'True') ? true : undefined;
}

/** Win32_BIOS: `SerialNumber`. */
export function parseBiosSerial(text: string): string | undefined {
  return parseObjects(text)
    .find((object) => object.has('SerialNumber'))
    ?.get('SerialNumber');
}

/** `reg query KEY /v NAME`: the value of that name, numbers as numbers; undefined when it is not there. */
export function parseRegistryValue(text: string, name: string): number | string | undefined {
  for (const line of text.split(/\r?\n/)) {
    const [, found, type, value = ''] = /^ {4}(\S+) {4}(REG_\w+) {4}(.*)$/.exec(line) ?? [];
    if (found?.toLowerCase() !== name.toLowerCase()) continue;
    if (type === 'REG_DWORD') return /^0x[0-9a-f]{1,8}$/i.test(value) ? Number(value) : undefined;
    return value;
  }
  return undefined;
}

/**
 * Windows Update by the values of its policy (`…\WindowsUpdate\AU`): NoAutoUpdate 1 turns it off; AUOptions 2 and 3 ask
 * before they install, 4 installs by itself, 5 leaves it to a local administrator, 7 and above notify. Without a policy
 * Windows installs by itself.
 */
export function automaticUpdatesBy(
  noAutoUpdate: number | string | undefined,
  options: number | string | undefined,
): boolean | undefined {
  if (noAutoUpdate === 1) return false;
  if (options === undefined || options === 4) return true;
  return options === 5 ? undefined : false;
}

/** `tasklist /fo csv /nh`: the first field of each line is the name of a program. */
export function parseTasks(text: string): Set<string> {
  const names = text.split(/\r?\n/).map((line) => /^"([^"]+)"/.exec(line)?.[1] ?? '');
  return new Set(names.filter((name) => name !== ''));
}
