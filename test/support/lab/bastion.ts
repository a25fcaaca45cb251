/**
 * A real SSH server in a place, that lets root in by one key, and calls itself `bastion`. Its host key is known to
 * nobody before a person accepts it, except by the client configuration that comes with it.
 */
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram } from '../../../scripts/programs.ts';
import type { Place } from './place.ts';
import type { Program } from './program.ts';

export interface Bastion {
  program: Program;
  /** For the client: knows the host key, brings the person's key, never asks. Used as `ssh -F FILE root@NAME`. */
  configFile: string;
}

/** sshd wants a folder below /run and the program a host name, and both stay inside its own namespaces. */
const alone = 'mount -t tmpfs none /run && mkdir -m 0755 /run/sshd && hostname bastion && exec "$@"';

/** Starts it on port 22 of `address`, known as `name`, with its files below `dir`, and waits until it listens. */
export async function startBastion(
  place: Place,
  { name, address, dir }: { name: string; address: string; dir: string },
): Promise<Bastion> {
  const folder = join(dir, 'ssh');
  mkdirSync(folder, { mode: 0o755 });
  const path = (file: string): string => join(folder, file);
  for (const key of ['host', 'person'])
    await place.run(findProgram('ssh-keygen'), ['-q', '-t', 'ed25519', '-N', '', '-C', key, '-f', path(key)]);
  writeFileSync(path('authorized_keys'), readFileSync(path('person.pub')));
  writeFileSync(path('known_hosts'), `${name} ${readFileSync(path('host.pub'), 'utf8')}`);
  writeFileSync(
    path('sshd_config'),
    [
      `ListenAddress ${address}:22`,
      `HostKey ${path('host')}`,
      `AuthorizedKeysFile ${path('authorized_keys')}`,
      `PidFile none`,
      'AuthenticationMethods publickey',
      'PermitRootLogin prohibit-password',
      'StrictModes no',
      'UsePAM no',
      'UseDNS no',
      'PrintMotd no',
      'PrintLastLog no',
      'AllowTcpForwarding yes',
      '',
    ].join('\n'),
  );
  writeFileSync(
    path('config'),
    [
      `IdentityFile ${path('person')}`,
      'IdentitiesOnly yes',
      `UserKnownHostsFile ${path('known_hosts')}`,
      'GlobalKnownHostsFile /dev/null',
      'StrictHostKeyChecking yes',
      'BatchMode yes',
      'LogLevel ERROR',
      '',
    ].join('\n'),
  );
  chmodSync(path('config'), 0o600);
  const sshd = [findProgram('sshd'), '-D', '-e', '-f', path('sshd_config')];
  const program = place.spawn('unshare', ['--mount', '--uts', '--', 'sh', '-c', alone, 'sh', ...sshd], {
    name: 'sshd',
  });
  await program.waitFor(/Server listening/);
  return { program, configFile: path('config') };
}
