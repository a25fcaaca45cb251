/**
 * Why something is allowed or refused, by name, with the sentence and the remedy a person sees. `decide()` returns
 * names; command line, pages and DNS show these texts. No sentence contains a configured value.
 */
export type System = 'linux' | 'macos' | 'windows';

interface ReasonText {
  readonly met: boolean;
  readonly text: string;
  readonly fix: string | undefined;
  /** Where the remedy differs by system. */
  readonly fixOn?: Readonly<Record<System, string>>;
}

export const reasonTexts = {
  'allow-matches': { met: true, text: 'A policy allows it', fix: undefined },
  'no-allow': { met: false, text: 'No policy allows this', fix: undefined },
  'deny-matches': { met: false, text: 'A policy denies it', fix: 'Ask an administrator.' },
  'session-fresh': { met: true, text: 'The session is recent enough', fix: undefined },
  'session-too-old': {
    met: false,
    text: 'The session is too old for this resource',
    fix: 'Sign in again: postern login',
  },
  'session-ended': {
    met: false,
    text: 'The session is over',
    fix: 'Sign in again: postern login',
  },
  'mfa-fresh': { met: true, text: 'Several factors were used recently enough', fix: undefined },
  'mfa-missing': {
    met: false,
    text: 'The sign-in used a single factor',
    fix: 'Sign in again with a second factor: postern login',
  },
  'mfa-too-old': {
    met: false,
    text: 'The second factor was used too long ago',
    fix: 'Sign in again with a second factor: postern login',
  },
  'mfa-unknown': {
    met: false,
    text: 'The provider did not say which factors were used',
    fix: 'Sign in again with a second factor: postern login. If it stays, ask an administrator.',
  },
  'mfa-time-unknown': {
    met: false,
    text: 'The provider did not say when the factors were used',
    fix: 'Sign in again: postern login. If it stays, ask an administrator.',
  },
  'mfa-method-not-listed': {
    met: false,
    text: 'The sign-in used none of the methods that this resource asks for',
    fix: 'Sign in again with a stronger method, such as a security key: postern login',
  },
  'mfa-context-not-listed': {
    met: false,
    text: 'The sign-in was not as strong as this resource asks for',
    fix: 'Sign in again with a stronger method, such as a security key: postern login',
  },
  'mfa-context-unknown': {
    met: false,
    text: 'The provider did not say how strong the sign-in was',
    fix: 'Sign in again: postern login. If it stays, ask an administrator.',
  },
  'source-listed': { met: true, text: 'The request comes from an expected network', fix: undefined },
  'source-not-listed': {
    met: false,
    text: 'The network you are on is not one that this resource may be used from',
    fix: 'Try again from a network of your organisation.',
  },
  'source-unknown': {
    met: false,
    text: 'The network you are on could not be told',
    fix: 'Connect again: postern up. If it stays, ask an administrator.',
  },
  'country-listed': { met: true, text: 'The request comes from an expected country', fix: undefined },
  'country-not-listed': {
    met: false,
    text: 'The country you are in is not one that this resource may be used from',
    fix: 'Ask an administrator if you are travelling.',
  },
  'country-unknown': {
    met: false,
    text: 'The country you are in could not be told from your address',
    fix: 'Try again from another network, or ask an administrator.',
  },
  'require-waived': { met: true, text: 'What is required otherwise is waived for now', fix: undefined },
  'used-recently': { met: true, text: 'It has been used recently enough', fix: undefined },
  'unused-too-long': {
    met: false,
    text: 'It is locked, because you have not used it for a long time',
    fix: 'Ask for it again: postern request',
  },
  'schedule-open': { met: true, text: 'The schedule is open', fix: undefined },
  'schedule-closed': {
    met: false,
    text: 'It is outside the hours of this resource',
    fix: 'Try again within its hours.',
  },
  'device-approved': { met: true, text: 'The device is approved', fix: undefined },
  'device-not-approved': {
    met: false,
    text: 'The device is not approved yet',
    fix: 'Ask an administrator to approve this device.',
  },
  'device-needed': {
    met: false,
    text: 'It needs a device that Postern knows, and a browser alone is none',
    fix: 'Open it from a computer on which Postern runs: postern up',
  },
  'posture-met': { met: true, text: 'The operating system is one that is accepted', fix: undefined },
  'device-blocked': {
    met: false,
    text: 'An administrator has blocked this device',
    fix: 'Ask an administrator.',
  },
  'device-suspended': {
    met: false,
    text: 'Two copies of this device were seen',
    fix: 'Sign in again on the one that is yours: postern login',
  },
  'posture-failing': {
    met: false,
    text: 'The operating system of the device is too old',
    fix: 'Update the operating system.',
  },
  'posture-unknown': {
    met: false,
    text: 'The device has not reported what the posture profile asks for',
    fix: 'Keep postern up running; it reports within a minute.',
  },
  'posture-stale': {
    met: false,
    text: 'What the device reported is too old',
    fix: 'Keep postern up running; it reports within a minute.',
  },
  'system-not-listed': {
    met: false,
    text: 'The posture profile does not cover this operating system',
    fix: 'Ask an administrator which systems are supported.',
  },
  'posture-distribution-accepted': { met: true, text: 'The Linux distribution is accepted', fix: undefined },
  'posture-distribution-too-old': {
    met: false,
    text: 'The Linux distribution of the device is too old',
    fix: 'Upgrade the distribution.',
  },
  'posture-distribution-not-listed': {
    met: false,
    text: 'The Linux distribution of the device is not among those accepted',
    fix: 'Ask an administrator which distributions are supported.',
  },
  'posture-distribution-unknown': {
    met: false,
    text: 'The device could not tell which Linux distribution it runs',
    fix: 'Look at ID and VERSION_ID in /etc/os-release.',
  },
  'posture-disk-encrypted': { met: true, text: 'The disk is encrypted', fix: undefined },
  'posture-disk-not-encrypted': {
    met: false,
    text: 'The disk is not encrypted',
    fix: 'Encrypt the disk.',
    fixOn: {
      linux: 'Encrypt the disk with LUKS; most systems offer it when they are installed.',
      macos: 'Turn on FileVault: System Settings, Privacy & Security, FileVault.',
      windows: 'Turn on device encryption or BitLocker: Settings, Privacy & security, Device encryption.',
    },
  },
  'posture-disk-unknown': {
    met: false,
    text: 'The device could not tell whether its disk is encrypted',
    fix: 'See postern status; Postern may need to run with more rights.',
  },
  'posture-firewall-on': { met: true, text: 'The firewall is on', fix: undefined },
  'posture-firewall-off': {
    met: false,
    text: 'The firewall is off',
    fix: 'Turn the firewall on.',
    fixOn: {
      linux: 'Turn the firewall on: sudo ufw enable, or sudo systemctl enable --now firewalld',
      macos: 'Turn the firewall on: System Settings, Network, Firewall.',
      windows: 'Turn the firewall on for every profile: Windows Security, Firewall & network protection.',
    },
  },
  'posture-firewall-unknown': {
    met: false,
    text: 'The device could not tell whether its firewall is on',
    fix: 'See postern status; on Linux the rules can be read by root alone.',
  },
  'posture-screen-lock-on': { met: true, text: 'The screen locks itself', fix: undefined },
  'posture-screen-lock-off': {
    met: false,
    text: 'The screen does not lock itself',
    fix: 'Let the screen lock itself when nobody uses it.',
    fixOn: {
      linux: 'Turn on the automatic screen lock in the settings of your desktop.',
      macos: 'Require the password after the screen saver begins: System Settings, Lock Screen.',
      windows: 'Turn on the screen saver with "On resume, display logon screen".',
    },
  },
  'posture-screen-lock-slow': {
    met: false,
    text: 'The screen locks itself too late',
    fix: 'Choose a shorter time until the screen locks.',
  },
  'posture-screen-lock-unknown': {
    met: false,
    text: 'The device could not tell when its screen locks',
    fix: 'Sign in to the desktop on this device; see postern status.',
  },
  'posture-antivirus-running': { met: true, text: 'The antivirus runs', fix: undefined },
  'posture-antivirus-missing': {
    met: false,
    text: 'No antivirus that is accepted runs on the device',
    fix: 'Install or start the antivirus of your organisation.',
  },
  'posture-antivirus-unknown': {
    met: false,
    text: 'The device could not tell which antivirus it runs',
    fix: 'See postern status; Postern may need to run with more rights.',
  },
  'posture-secure-boot-on': { met: true, text: 'Secure boot is on', fix: undefined },
  'posture-secure-boot-off': {
    met: false,
    text: 'Secure boot is off',
    fix: 'Turn on secure boot in the firmware settings of the device.',
    fixOn: {
      linux: 'Turn on secure boot in the firmware settings: systemctl reboot --firmware-setup',
      macos: 'Choose Full Security in the Startup Security Utility of macOS Recovery.',
      windows: 'Turn on secure boot: Settings, System, Recovery, Advanced startup, UEFI firmware settings.',
    },
  },
  'posture-secure-boot-unknown': {
    met: false,
    text: 'The device could not tell whether secure boot is on',
    fix: 'See postern status; Postern may need to run with more rights.',
  },
  'posture-updates-automatic': { met: true, text: 'Updates are installed by themselves', fix: undefined },
  'posture-updates-manual': {
    met: false,
    text: 'Updates are not installed by themselves',
    fix: 'Turn on automatic updates.',
    fixOn: {
      linux: 'Turn on automatic updates: unattended-upgrades on Debian and Ubuntu, dnf-automatic on Fedora.',
      macos: 'Turn on every switch below System Settings, General, Software Update, Automatic Updates.',
      windows: 'Let Windows Update install updates: Settings, Windows Update.',
    },
  },
  'posture-updates-unknown': {
    met: false,
    text: 'The device could not tell whether it installs updates by itself',
    fix: 'Ask an administrator; this system is not one whose settings Postern can read.',
  },
  'posture-process-running': { met: true, text: 'The programs that are required run', fix: undefined },
  'posture-process-missing': {
    met: false,
    text: 'A program that is required does not run',
    fix: 'See postern status for which, and start it.',
  },
  'posture-process-unknown': {
    met: false,
    text: 'The device has not told whether a required program runs',
    fix: 'Keep postern up running; it reports within a minute.',
  },
  'posture-file-present': { met: true, text: 'The files that are required are there', fix: undefined },
  'posture-file-missing': {
    met: false,
    text: 'A file that is required is not there',
    fix: 'See postern status for which, and ask an administrator.',
  },
  'posture-file-unknown': {
    met: false,
    text: 'The device could not tell whether a required file is there',
    fix: 'See postern status; Postern may need to run with more rights.',
  },
  'posture-client-recent': { met: true, text: 'Postern on the device is recent enough', fix: undefined },
  'posture-client-too-old': {
    met: false,
    text: 'Postern on the device is too old',
    fix: 'Update Postern on this device.',
  },
  'posture-client-unknown': {
    met: false,
    text: 'The device reports no version of Postern that can be compared',
    fix: 'Install a released version of Postern on this device.',
  },
  'posture-serial-known': { met: true, text: 'The machine is one of the organisation', fix: undefined },
  'posture-serial-not-known': {
    met: false,
    text: 'The machine is not among those of the organisation',
    fix: 'Use a machine of your organisation, or ask an administrator to add its serial number.',
  },
  'posture-serial-unknown': {
    met: false,
    text: 'The device could not tell its serial number',
    fix: 'Run postern up as root: on Linux the serial number can be read by root alone.',
  },
  'posture-verdict-compliant': {
    met: true,
    text: 'The device management calls the device compliant',
    fix: undefined,
  },
  'posture-verdict-not-compliant': {
    met: false,
    text: 'The device management calls the device not compliant',
    fix: 'Open the app of your device management; it says what is missing.',
  },
  'posture-verdict-unknown': {
    met: false,
    text: 'The device management does not know the device',
    fix: 'Enrol the device with the device management of your organisation.',
  },
  'posture-verdict-stale': {
    met: false,
    text: 'What the device management said of the device is too old',
    fix: 'Ask an administrator to look at the source of verdicts.',
  },
} as const satisfies Record<string, ReasonText>;

export type ReasonName = keyof typeof reasonTexts;

/** Whether something that the log keeps as a reason is one that is met, so nothing was refused for it. Other codes are not. */
export function isMet(name: string): boolean {
  return Object.hasOwn(reasonTexts, name) && reasonTexts[name as ReasonName].met;
}

/** What would mend it, for a system where that is known; undefined where nothing has to be mended or nothing helps. */
export function fixOf(name: ReasonName, system?: System): string | undefined {
  const reason: ReasonText = reasonTexts[name];
  return (system === undefined ? undefined : reason.fixOn?.[system]) ?? reason.fix;
}

/** A reason as a person reads it, wherever that is: the same name, sentence and remedy. */
export interface ReadableReason {
  readonly name: ReasonName;
  readonly met: boolean;
  readonly text: string;
  /** What the person can do; absent where it is met or nothing helps. */
  readonly fix?: string;
  readonly policy?: string;
}

/** @param system of the device that it is about, where that is known */
export function readableReason({ name, policy }: Reason, system?: System): ReadableReason {
  const { met, text } = reasonTexts[name];
  const fix = fixOf(name, system);
  return {
    name,
    met,
    text,
    ...(met || fix === undefined ? {} : { fix }),
    ...(policy === undefined ? {} : { policy }),
  };
}

/** A reason that is not met on one line: sentence, name and remedy, for DNS, status and logs. */
export function reasonLine(reason: Reason, system?: System): string {
  const { name, text, fix } = readableReason(reason, system);
  return `${text} (${name}).${fix === undefined ? '' : ` ${fix}`}`;
}

/** One reason of a decision. `policy` names the policy it comes from, where the person may know it. */
export interface Reason {
  readonly name: ReasonName;
  readonly policy?: string;
}

/** The one text for everything that does not exist or may not be known: alike in words, door and time. */
export const hiddenText = 'There is no such resource, or it is not for you to know of.';
