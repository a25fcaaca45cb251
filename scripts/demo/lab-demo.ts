/** The demo in a lab: starts it with a service account's client on the laptop, prints what to try, and waits. */
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openLab } from '../../test/support/lab/lab.ts';
import type { Place } from '../../test/support/lab/place.ts';
import { Client } from '../../test/support/organisation/client.ts';
import { Organisation } from '../../test/support/organisation/organisation.ts';
import { labSite } from '../../test/support/organisation/site.ts';
import { openBrowserDoor } from './browser-door.ts';
import { say } from './walk.ts';

const launcher = fileURLToPath(new URL('../../bin/postern', import.meta.url));

/** Runs until Ctrl-C or SIGTERM, which leaves nothing. */
export async function showLab(): Promise<void> {
  const progress = (what: string): void => say(`starting ${what} …`);
  progress('laptop, internet and private network');
  const lab = await openLab();
  // The lab's own handler has removed everything by the time this one runs.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(signal, () => {
      say('\nStopped. Nothing is left.');
      process.exit(0);
    });
  const organisation = await Organisation.start(labSite(lab), { progress });
  progress('client on the laptop');
  const client = new Client(lab.laptop, 'postern');
  const key = await organisation.serviceKey('ci');
  client.up(['--key-file', key]);
  await client.ready();
  const door = await openBrowserDoor(lab, organisation);

  const bin = join(lab.dir, 'bin');
  mkdirSync(bin);
  symlinkSync(launcher, join(bin, 'postern'));
  const laptop = wrapper(join(lab.dir, 'laptop'), lab.laptop, bin, { POSTERN_STATE: client.state });
  const admin = wrapper(join(lab.dir, 'admin'), lab.internet, bin, organisation.adminEnvironment);
  const { provider, personArgs, documentFile } = organisation;
  const people = ['alice', 'bob', 'carol'].map((name) => {
    const { groups, password } = provider.person(`${name}@acme.example`);
    return `    ${name}@acme.example  password ${password}  groups: ${groups.join(', ') || 'none'}`;
  });
  say(`
Acme runs. On its laptop "ci", a service account, is signed in. In another terminal, as root:

  1. The laptop reaches private applications by name, and has no route to their network
    ${laptop} ip route
    ${laptop} curl --max-time 3 http://${lab.addresses.wiki}/whoami
    ${laptop} curl http://wiki.acme.internal/whoami
    ${laptop} ssh -F ${lab.bastion.configFile} root@bastion.acme.internal hostname
    ${laptop} psql -h db1.db.acme.internal -U demo -d acme -c 'SELECT * FROM ships'
    ${laptop} dig wiki.acme.internal
    ${laptop} dig nothing.acme.internal
    ${laptop} curl --max-time 3 http://wiki.acme.internal:8080/
    ${laptop} postern status
    ${laptop} postern resources

  2. Sign in as a person: one command ends ci's client, the next starts a person's and prints a code or a page to open
    ${laptop} postern down
    ${laptop} postern up --state ${join(lab.laptop.home, 'person')} ${personArgs.join(' ')}
    ${laptop} postern why databases --state ${join(lab.laptop.home, 'person')}
${people.join('\n')}
    A browser that is on the laptop's network, started on this machine (or anywhere, through ssh -L ${door.port}:127.0.0.1:${door.port}):
    ${door.command}

  3. Administer: change the file and apply it; whoever loses a right loses the open connection too
    ${laptop} ssh -F ${lab.bastion.configFile} root@bastion.acme.internal
    sed -i 's/to: everything/to: { resources: [wiki] }/' ${documentFile}
    ${admin} postern apply -f ${documentFile} --ca ${organisation.caFile}
    ${admin} postern audit --ca ${organisation.caFile}
    ${laptop} postern status

  What the public resolver was asked, and every log:  ${join(lab.dir, 'public-dns.questions')}  ${join(lab.dir, 'logs')}
  Walk the whole tour by itself:  npm run demo -- --check

Ctrl-C stops everything.`);
}

/** Writes a script that runs a command in a place, as the place's own programs run; answers its path. */
function wrapper(file: string, place: Place, bin: string, env: Record<string, string>): string {
  const { PATH = '', ...rest } = place.environment(env);
  const assignments = Object.entries({ ...rest, PATH: `${bin}:${PATH}` }).map((each) =>
    quoted(each.join('=')),
  );
  const command = place.commandLine(['env']).map(quoted).join(' ');
  writeFileSync(file, `#!/bin/sh\nexec ${command} TERM="\${TERM:-dumb}" ${assignments.join(' ')} "$@"\n`);
  chmodSync(file, 0o700);
  return file;
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
