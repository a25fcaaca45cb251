/** What `postern doctor` makes of what it saw: pure. */
import type { ClientStatus, PeerShown } from '../client/status.ts';
import { checkTitles } from '../protocol/shown-posture.ts';
import { count } from './count.ts';
import { pathText, refusedZoneText } from './status.ts';

/** `warning`: it works, but not as well or not for everything. */
export interface Finding {
  readonly level: 'ok' | 'warning' | 'problem';
  readonly text: string;
  /** What to do about it. */
  readonly fix?: string;
}

/** A name and how the system resolves it; the addresses are empty where it does not. */
export interface Resolved {
  readonly host: string;
  readonly addresses: readonly string[];
  readonly ms: number;
}

/** What the client itself knows of its standing. */
export function judge(status: ClientStatus): Finding[] {
  return [
    ...ofController(status),
    ...ofSession(status),
    ...ofPosture(status),
    ...ofPaths(status),
    ...ofNames(status),
    ...(status.peers?.reports ?? []).map(ofPeer),
    ...(status.alarms ?? []).map(({ text }) => problem(text, 'tell an administrator')),
  ];
}

function ofPeer({ what, connector, refused }: PeerShown): Finding {
  const text =
    what === 'changed'
      ? `the connector ${connector} has another key than it had`
      : `the connector ${connector} is new to this device`;
  const make = refused ? problem : warning;
  return make(
    `${text}${refused ? ', so nothing is opened there' : ''}`,
    'compare keys: postern status, here and on the connector',
  );
}

function ofController({ state, controller: { url, connected, fault } }: ClientStatus): Finding[] {
  const crashed = problem('the client crashed; names of your organisation stay refused', 'postern up');
  const away = problem(
    `no contact with the controller ${url}${fault === undefined ? '' : `: ${fault}`}`,
    'what was granted goes on for a while; look at your network, and at the controller',
  );
  return [...(state === 'crashed' ? [crashed] : []), connected ? ok(`controller ${url}`) : away];
}

function ofSession({ session, device }: ClientStatus): Finding[] {
  const login = 'postern login';
  if (session === undefined) return [problem('nobody is signed in', login)];
  if (session.ended !== undefined) return [problem(`the session has ended (${session.ended})`, login)];
  return [
    session.ends_soon === true
      ? warning('the session ends within minutes', login)
      : ok(`signed in as ${session.email ?? session.name}`),
    ...(device?.approved === false
      ? [warning(`the device ${device.name} is not approved`, 'ask an administrator to approve it')]
      : []),
  ];
}

function ofPosture({ posture }: ClientStatus): Finding[] {
  if (posture === undefined) return [];
  const failing = posture.checks.filter(({ refuses }) => refuses.length > 0);
  if (failing.length === 0) return [ok('posture refuses nothing')];
  return failing.map(({ check, value, refuses: [first = '', ...others] }) =>
    problem(
      `${checkTitles[check]}: ${value}, which refuses ${[first, ...others].join(', ')}`,
      `postern why ${first}`,
    ),
  );
}

function ofPaths({ relays, networks }: ClientStatus): Finding[] {
  const connected = relays.filter((relay) => relay.connected).length;
  const text = `${connected} of ${count(relays.length, 'relay')} connected`;
  const fix = 'look whether a firewall lets their addresses and ports out';
  return [
    ...(relays.length === 0
      ? []
      : [connected === relays.length ? ok(text) : (connected === 0 ? problem : warning)(text, fix)]),
    ...networks.flatMap(({ name, connectors, connected: isUp, path, rtt_ms: ms }) => {
      if (connectors === 0) return [problem(`the network ${name} has no connector`, 'tell an administrator')];
      const cells = [`network ${name}`, pathText(path), ms === undefined ? '' : `${ms} ms`];
      return isUp ? [ok(cells.filter((cell) => cell !== '').join(', '))] : [];
    }),
  ];
}

function ofNames({ account, dns, proxies }: ClientStatus): Finding[] {
  if (dns === undefined) {
    const ways = [proxies.socks, proxies.http].filter((address) => address !== undefined);
    const instead = ways.length === 0 ? '' : `; programs go by the proxy ${ways.join(' or ')}`;
    return [warning(`names are not captured${instead}`, 'postern up as root captures them')];
  }
  return [
    ...(dns.in_place
      ? []
      : [
          problem(
            'another program has replaced resolv.conf; names of your organisation are not asked of Postern',
            'postern down and postern up, once that program is quiet',
          ),
        ]),
    ...(dns.fails_closed ? [] : [warning('names would go to the public DNS if this client crashed')]),
    ...dns.refused_zones.map((zone) => warning(refusedZoneText(zone, account).replace(/^! /, ''))),
  ];
}

/** `range`: the addresses that the client gives to names. */
export function judgeAnswer({ host, addresses, ms }: Resolved, range: string): Finding {
  const [base = '', prefix = '32'] = range.split('/');
  const number = (address: string): number =>
    address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  const size = 2 ** (32 - Number(prefix));
  const isOurs = (address: string): boolean =>
    !address.includes(':') && Math.floor(number(address) / size) === Math.floor(number(base) / size);
  if (addresses.length > 0 && addresses.every(isOurs)) return { level: 'ok', text: `name ${host}: ${ms} ms` };
  return {
    level: 'problem',
    text:
      addresses.length === 0
        ? `this system does not find ${host}`
        : `this system finds ${host} elsewhere, at ${addresses.join(', ')}`,
    fix: 'look for another VPN or resolver that takes its names (postern status, DNS), and for /etc/hosts',
  };
}

function ok(text: string): Finding {
  return { level: 'ok', text };
}

function warning(text: string, fix?: string): Finding {
  return { level: 'warning', text, ...(fix === undefined ? {} : { fix }) };
}

function problem(text: string, fix: string): Finding {
  return { level: 'problem', text, fix };
}
