/**
 * Whether updates are installed without anybody asking: unattended-upgrades on Debian and its kin, dnf-automatic on Fedora
 * and its kin, rpm-ostree and transactional-update where those rule. Any other package manager is unknown.
 */
import type { Collector } from '../collector.ts';
import type { Machine } from '../machine.ts';

const units = '/etc/systemd/system';

export const automaticUpdates: Collector = async (machine) => {
  const found = await Promise.all([byApt(machine), byDnf(machine), byOstree(machine), byZypper(machine)]);
  if (found.includes(true)) return { automaticUpdates: true };
  return found.includes(false) ? { automaticUpdates: false } : {};
};

/** undefined: this package manager does not rule here. */
async function byApt(machine: Machine): Promise<boolean | undefined> {
  const folder = '/etc/apt/apt.conf.d';
  const names = await machine.names(folder);
  if (names === undefined) return undefined;
  if ((await machine.exists('/usr/bin/unattended-upgrade')) !== true) return false;
  const texts: string[] = [];
  // apt.conf(5): in the order of their names, and a later word replaces an earlier one.
  for (const name of names.toSorted()) {
    if (/^[A-Za-z0-9_.-]+$/.test(name) && (!name.includes('.') || name.endsWith('.conf')))
      texts.push((await machine.text(`${folder}/${name}`)) ?? '');
  }
  texts.push((await machine.text('/etc/apt/apt.conf')) ?? '');
  const settings = parseAptSettings(texts.join('\n'));
  const isOn = (name: string): boolean => !['', '0', undefined].includes(settings.get(name));
  if (settings.get('apt::periodic::enable') === '0') return false;
  return (
    isOn('apt::periodic::unattended-upgrade') && (await isTimerWanted(machine, 'apt-daily-upgrade.timer'))
  );
}

/**
 * The settings of an apt.conf(5) by their names in lower case: `A::B "x";` and `A { B "x"; };` alike, comments left out,
 * the last word of each.
 */
export function parseAptSettings(text: string): Map<string, string> {
  const settings = new Map<string, string>();
  const scopes: string[] = [];
  let words: string[] = [];
  // A quoted text, a comment, one of the marks, or a word.
  const tokens = /"((?:[^"\\]|\\.)*)"|\/\/[^\n]*|\/\*[\s\S]*?\*\/|#[^\n]*|([{};])|([^\s"{};]+)/g;
  for (const [whole, quoted, mark, word] of text.matchAll(tokens)) {
    if (quoted !== undefined) words.push(quoted);
    else if (word !== undefined && !whole.startsWith('//') && !whole.startsWith('#')) words.push(word);
    else if (mark === '{') {
      scopes.push(words.join(' '));
      words = [];
    } else if (mark !== undefined) {
      const [name = '', ...value] = words;
      if (value.length > 0) settings.set([...scopes, name].join('::').toLowerCase(), value.join(' '));
      words = [];
      if (mark === '}') scopes.pop();
    }
  }
  return settings;
}

async function byDnf(machine: Machine): Promise<boolean | undefined> {
  const dnf = await machine.names('/etc/dnf');
  if (dnf === undefined) return undefined;
  // This timer installs whatever the file says.
  if (await isTimerWanted(machine, 'dnf-automatic-install.timer')) return true;
  const file =
    (await machine.text('/etc/dnf/automatic.conf')) ??
    (await machine.text('/usr/share/dnf5/dnf5-plugins/automatic.conf')) ??
    '';
  const applies = /^\s*apply_updates\s*=\s*(yes|true|1|on)\s*$/im.test(file);
  const timers = ['dnf-automatic.timer', 'dnf5-automatic.timer'];
  const wanted = await Promise.all(timers.map((timer) => isTimerWanted(machine, timer)));
  return applies && wanted.includes(true);
}

async function byOstree(machine: Machine): Promise<boolean | undefined> {
  const file = await machine.text('/etc/rpm-ostreed.conf');
  if (file === undefined || (await machine.names('/ostree')) === undefined) return undefined;
  return (
    /^\s*AutomaticUpdatePolicy\s*=\s*(stage|apply)\s*$/im.test(file) &&
    (await isTimerWanted(machine, 'rpm-ostreed-automatic.timer'))
  );
}

async function byZypper(machine: Machine): Promise<boolean | undefined> {
  if ((await machine.names('/etc/zypp')) === undefined) return undefined;
  return isTimerWanted(machine, 'transactional-update.timer');
}

/** Whether a timer is enabled and not masked, by the links that systemd makes. */
async function isTimerWanted(machine: Machine, timer: string): Promise<boolean> {
  if ((await machine.link(`${units}/${timer}`)) === '/dev/null') return false;
  const wanted = (await machine.names(`${units}/timers.target.wants`)) ?? [];
  return wanted.includes(timer);
}
