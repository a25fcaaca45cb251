/**
 * The peer: OpenSSH's own way through a host in the middle (`ssh -J`), from the laptop over a host in the internet to
 * the private network, whose NAT lets this one port in for it.
 */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startBastion } from '../../test/support/lab/bastion.ts';
import type { Lab } from '../../test/support/lab/lab.ts';

const jumpName = 'jump.acme.example';
/** Of kernel TCP's throughput, on two cores. */
export const sshJumpShare = 0.04;

export interface SshJump {
  /** The port of the laptop's loopback that leads to each forwarded port. */
  readonly localPort: (port: number) => number;
  /** Everything that carries its bytes, with what descends from it. */
  readonly pids: readonly number[];
}

/** Forwards `ports` of `host`, which hq resolves for each connection as ours does, from the laptop's loopback through the jump host. */
export async function startSshJump(lab: Lab, host: string, ports: readonly number[]): Promise<SshJump> {
  const { addresses, internet, laptop } = lab;
  const dir = join(lab.dir, 'jump');
  mkdirSync(dir);
  // It stands where the relay stands, so that both ways are equally long.
  const jump = await startBastion(internet, { name: jumpName, address: addresses.relay, dir });
  const file = (folder: string, name: string): string => join(folder, 'ssh', name);
  const config = join(dir, 'config');
  writeFileSync(
    config,
    `Host jump
  HostName ${addresses.relay}
  HostKeyAlias ${jumpName}
  IdentityFile ${file(dir, 'person')}
  UserKnownHostsFile ${file(dir, 'known_hosts')}
Host hq
  HostName ${addresses.hqNat}
  HostKeyAlias bastion.acme.internal
  IdentityFile ${file(lab.dir, 'person')}
  UserKnownHostsFile ${file(lab.dir, 'known_hosts')}
  ProxyJump jump
Host *
  User root
  IdentitiesOnly yes
  GlobalKnownHostsFile /dev/null
  StrictHostKeyChecking yes
  BatchMode yes
  LogLevel VERBOSE
  ExitOnForwardFailure yes
`,
  );
  chmodSync(config, 0o600);
  const localPort = (port: number): number => port + 10_000;
  const forwards = ports.flatMap((port) => ['-L', `127.0.0.1:${localPort(port)}:${host}:${port}`]);
  const ssh = laptop.spawn('ssh', ['-v', '-F', config, '-N', ...forwards, 'hq'], { name: 'ssh-jump' });
  await ssh.waitFor(new RegExp('(Local forwarding listening on 127[^]*){' + String(ports.length) + '}'));
  return { localPort, pids: [ssh.pid, jump.program.pid, lab.bastion.program.pid] };
}

/** Lets ports of hq's public address in to what listens inside, which nothing of Postern needs. */
export async function letIn(lab: Lab, ports: readonly { port: number; to: string }[]): Promise<void> {
  const translate = ports.map(({ port, to }) => `    iifname wan0 tcp dport ${port} dnat to ${to}:${port}\n`);
  const rules = `
table ip bench {
  chain inward {
    type nat hook prerouting priority -100;
${translate.join('')}  }
}
insert rule inet nat forward iifname wan0 ct status dnat accept
`;
  const { code, stderr } = await lab.hqNat.run('nft', ['-f', '-'], { input: rules });
  if (code !== 0) throw new Error(`hq's NAT refused the rules: ${stderr}`);
}
