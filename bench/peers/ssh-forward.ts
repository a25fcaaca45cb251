/**
 * The peer: OpenSSH's own way straight into the private network (`ssh -L`), from the laptop to hq's SSH server, whose
 * port the NAT lets in for it.
 */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Lab } from '../../test/support/lab/lab.ts';

/** Of kernel TCP's throughput, on two cores. */
export const sshForwardShare = 0.1;

export interface SshForward {
  /** The port of the laptop's loopback that leads to each forwarded port. */
  readonly localPort: (port: number) => number;
}

/** Forwards `ports` of `host`, which hq resolves for each connection as ours does, from the laptop's loopback. */
export async function startSshForward(
  { addresses, laptop, dir, bastion }: Lab,
  host: string,
  ports: readonly number[],
): Promise<SshForward> {
  const folder = join(dir, 'forward');
  mkdirSync(folder);
  const config = join(folder, 'config');
  writeFileSync(
    config,
    `Include ${bastion.configFile}
Host hq
  HostName ${addresses.hqNat}
  HostKeyAlias bastion.acme.internal
  User root
  LogLevel VERBOSE
  ExitOnForwardFailure yes
`,
  );
  chmodSync(config, 0o600);
  const localPort = (port: number): number => port + 10_000;
  const forwards = ports.flatMap((port) => ['-L', `127.0.0.1:${localPort(port)}:${host}:${port}`]);
  const ssh = laptop.spawn('ssh', ['-v', '-F', config, '-N', ...forwards, 'hq'], { name: 'ssh-forward' });
  await ssh.waitFor(new RegExp('(Local forwarding listening on 127[^]*){' + String(ports.length) + '}'));
  return { localPort };
}
