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
  wrapper(join(lab.dir, 'laptop'), lab.laptop, bin, { POSTERN_STATE: client.state });
  wrapper(join(lab.dir, 'admin'), lab.internet, bin, organisation.adminEnvironment);
  const people = ['alice', 'bob', 'carol'].map((name) => {
    const email = `${name}@acme.example`;
    const { groups, password } = organisation.provider.person(email);
    return `    ${email.padEnd(18)}  password ${password}  ${groups.length === 0 ? 'no group' : groups.join(', ')}\n`;
  });
  say(`
Acme runs. On its laptop a service account, ci, is signed in. In another terminal, as root:

    cd ${lab.dir}

  1. The laptop reaches private applications by name, and has no route to their network
    ./laptop ip route
    ./laptop curl http://${lab.addresses.wiki}/
    ./laptop curl http://wiki.acme.internal/whoami
    ./laptop ssh -F ssh/config root@bastion.acme.internal hostname
    ./laptop psql -h db1.db.acme.internal -U demo -d acme -c 'SELECT * FROM ships'
    ./laptop dig wiki.acme.internal
    ./laptop dig nothing.acme.internal
    ./laptop curl http://wiki.acme.internal:8080/
    ./laptop postern status
    ./laptop postern resources

  2. Take a right away while it is used: the open ssh ends
    ./laptop ssh -F ssh/config root@bastion.acme.internal 'while date; do sleep 1; done' &
    sed -i 's/to: everything/to: { resources: [wiki] }/' postern.yaml
    ./admin postern apply -f postern.yaml --ca controller/ca.pem
    ./laptop postern status
    ./admin postern audit --ca controller/ca.pem

  3. Sign in as a person, who gets a code to type
    ./laptop postern down
    ./laptop postern up --state person --controller ${organisation.url} --ca controller/ca.pem &
    ${door.command}
    ./laptop postern why databases --state person
${people.join('')}
    The browser is one of this machine on the laptop's network; elsewhere through ssh -L ${door.port}:127.0.0.1:${door.port}.

  What the public resolver was asked: public-dns.questions. Every log: logs/
  The whole tour by itself: npm run demo -- --check

Ctrl-C stops everything.`);
}

/** Writes a script that runs a command in a place, as the place's own programs run. */
function wrapper(file: string, place: Place, bin: string, env: Record<string, string>): void {
  const { PATH = '', ...rest } = place.environment(env);
  const assignments = Object.entries({ ...rest, PATH: `${bin}:${PATH}` }).map((each) =>
    quoted(each.join('=')),
  );
  const command = place.commandLine(['env']).map(quoted).join(' ');
  writeFileSync(file, `#!/bin/sh\nexec ${command} TERM="\${TERM:-dumb}" ${assignments.join(' ')} "$@"\n`);
  chmodSync(file, 0o700);
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
