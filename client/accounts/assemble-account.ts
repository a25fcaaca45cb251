/**
 * What one account is made of, joined with each other: memory, names, keys, tunnels, flows, posture, sign-ins. What happens to it,
 * and in which order, is `Account`'s.
 */
import { systemClock, systemRandom } from '../../protocol/clock.ts';
import { Alarms } from '../../protocol/node/alarms.ts';
import type { ControlConnection } from '../../protocol/node/control-connection.ts';
import { ControllerQuestions } from '../controller-questions.ts';
import { ConnectorQuestions } from '../flows/connector-questions.ts';
import { Flows } from '../flows/flows.ts';
import { Hearing } from '../hearing.ts';
import { DeviceMemory } from '../memory.ts';
import { collectorsOf } from '../posture/collect.ts';
import { PostureReporter } from '../posture/reporter.ts';
import { DeviceKeys } from '../sign-in/device-keys.ts';
import { SignIns } from '../sign-in/sign-ins.ts';
import { relayName } from '../status-report.ts';
import { mayDialDirectly } from '../tunnel/direct-address.ts';
import { KnownPeers } from '../tunnel/known-peers.ts';
import { Ping } from '../tunnel/ping.ts';
import { Tunnels } from '../tunnel/tunnels.ts';
import type { AccountOptions } from './account-options.ts';
import { AccountKnowledge } from './account-knowledge.ts';
import { PersonNotices } from './person-notices.ts';

export interface AccountLinks {
  /** Its control channel; undefined before it goes to its controller. */
  control(this: void): ControlConnection | undefined;
  /** Where its controller is reached. */
  url(this: void): string;
  /** What the controller tells of it is another. */
  snapshotChanged(this: void): Promise<void>;
}

export type AssembledAccount = ReturnType<typeof assembleAccount>;

/** The parts; nothing of them has begun. */
export function assembleAccount(options: AccountOptions, { control, url, snapshotChanged }: AccountLinks) {
  const { state, identity, key, browser, machine, wallClock, onEvent } = options;
  const alarms = new Alarms(Date.now, (_name, text) => onEvent({ kind: 'alarm', text }));
  const memory = new DeviceMemory(state, (name) => alarms.raise(name));
  const peers = new KnownPeers({
    state,
    isStrict: options.strictPeers,
    onReport: (report) => onEvent({ kind: 'peer', report }),
    alarm: (name) => alarms.raise(name),
    wallClock,
  });
  const send: ControlConnection['send'] = (message) => control()?.send(message) ?? false;
  const knowledge = new AccountKnowledge({
    state,
    url,
    snapshot: () => memory.snapshot,
    onUnconfirmed: (zone) => onEvent({ kind: 'unconfirmed-zone', zone }),
    notKept: () => alarms.raise('not-kept'),
    wallClock,
  });
  const keys: DeviceKeys = new DeviceKeys({
    identity,
    rotate: () => control()?.rotate() ?? false,
    keysS: () => memory.snapshot?.device.keys,
    isIdle: () => flows.active().length === 0,
    rekey: () => tunnels.rekey(),
    clock: systemClock,
    now: wallClock,
  });
  const flows: Flows = new Flows({
    knowledge: () => knowledge.now(),
    nameOf: (address) => options.nameOf(address),
    session: (network) => tunnels.session(network),
    clock: systemClock,
    wallClock,
  });
  const connectorQuestions = new ConnectorQuestions({
    knowledge: () => knowledge.now(),
    session: (network) => tunnels.session(network),
    clock: systemClock,
  });
  const tunnels: Tunnels = new Tunnels({
    identity,
    memory,
    peers,
    onNote: (note) => flows.note(note),
    mayDial: (address) => mayDialDirectly(address, options.range()),
    clock: systemClock,
    random: systemRandom,
  });
  const ping = new Ping({
    knowledge: () => knowledge.now(),
    session: (network) => tunnels.session(network),
    networks: () => tunnels.networks(),
    lookAgain: (network) => tunnels.lookAgain(network),
    relayName: (relay) => relayName(memory.snapshot, relay),
    open: (target) => flows.open(target),
    clock: systemClock,
  });
  const posture = new PostureReporter({
    send,
    wanted: () => memory.snapshot?.posture,
    system: collectorsOf(process.platform),
    machine,
    clock: systemClock,
    wallClock,
  });
  const hearing = new Hearing({
    memory,
    alarms,
    card: () => control()?.card,
    restart: () => control()?.restart(),
    changed: snapshotChanged,
    tickets: () => tunnels.refreshTickets(),
    grants: () => {
      keys.granted();
      tunnels.update();
    },
  });
  const signIns = new SignIns({
    key,
    browser,
    control,
    isEnrolled: () => identity.enrolment?.node !== undefined,
  });
  const questions = new ControllerQuestions(send, systemClock);
  const notices = new PersonNotices(systemClock, wallClock, onEvent);
  return {
    alarms,
    memory,
    peers,
    knowledge,
    keys,
    flows,
    connectorQuestions,
    tunnels,
    ping,
    posture,
    hearing,
    signIns,
    questions,
    notices,
  };
}
