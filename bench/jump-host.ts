/**
 * The peer: OpenSSH's own way through a host in the middle (`ssh -J`), from the laptop over a host in the internet to
 * the private network, whose NAT lets this one port in for it.
 */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startBastion } from '../test/support/lab/bastion.ts';
import type { Lab } from '../test/support/lab/lab.ts';

const jumpName = 'jump.acme.example';
const localPort = 15_201;

/** Forwards a port of the laptop's loopback through the jump host to `host:port` as hq sees it; answers that port. */
export async function forwardThroughJumpHost(lab: Lab, host: string, port: number): Promise<number> {
  const { addresses, internet, laptop } = lab;
  const dir = join(lab.dir, 'jump');
  mkdirSync(dir);
  // It stands where the relay stands, so that both ways are equally long.
  await startBastion(internet, { name: jumpName, address: addresses.relay, dir });
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
  const forward = `127.0.0.1:${localPort}:${host}:${port}`;
  const ssh = laptop.spawn('ssh', ['-v', '-F', config, '-N', '-L', forward, 'hq'], { name: 'ssh-jump' });
  await ssh.waitFor(/Local forwarding listening on 127\.0\.0\.1/);
  return localPort;
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
