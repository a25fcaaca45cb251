/**
 * `signin.s`, `snapshot.s`, `audit.s`: how many sign-ins, pictures of devices and rows of the audit log a second the
 * controller takes, with 100, 1,000 and 10,000 devices, as it is by default and as a cluster. Everything that is counted is
 * on disk.
 */
import type { FlowRecord } from '../../protocol/flow-record.ts';
import { storeReceipts } from '../../controller/control/receipts.ts';
import { looksOf } from '../../controller/control/node-looks.ts';
import { LoginAttempts } from '../../controller/enrolment/login-attempts.ts';
import { recordSignIn } from '../../controller/login/record-sign-in.ts';
import { systemRandom } from '../../protocol/clock.ts';
import type { Measurement } from '../comparison.ts';
import { openSite, type Shape, type Site } from './rates-site.ts';

const sizes = [100, 1_000, 10_000];
const shapes: readonly Shape[] = ['embedded', 'cluster'];
/** Each round lasts so long; whole things are counted. */
const roundMs = 2_000;
const mostRounds = 3;
/** What is under way at once. */
const atOnce = 32;
const rowsPerBatch = 500;

/** What is done again and again; answers how many things that were. Is called by several at once. */
type Work = (site: Site) => (turn: number) => Promise<number>;

const works: readonly (readonly [name: string, unit: string, work: Work])[] = [
  ['signin.s', 'sign-ins/s', signIns],
  ['snapshot.s', 'pictures/s', pictures],
  ['audit.s', 'rows/s', auditRows],
];

export const rates: readonly Measurement[] = works.flatMap(([name, unit, work]) =>
  shapes.flatMap((shape) =>
    sizes.map((size) => measurement(`${name}.${shape}.${size}`, unit, work, shape, size)),
  ),
);

function measurement(name: string, unit: string, work: Work, shape: Shape, size: number): Measurement {
  return {
    name,
    async run({ rounds, progress }) {
      const site = await openSite(shape, size);
      try {
        const step = work(site);
        let turn = 0;
        const round = async (): Promise<number> => {
          let count = 0;
          const startedMs = performance.now();
          const worker = async (): Promise<void> => {
            while (performance.now() - startedMs < roundMs) {
              const done = await step(turn++);
              count += done;
            }
          };
          await Promise.all(Array.from({ length: atOnce }, worker));
          return (count / (performance.now() - startedMs)) * 1_000;
        };
        await round();
        const values: number[] = [];
        for (let at = 0; at < Math.min(rounds, mostRounds); at += 1) values.push(await round());
        progress(`  ${values.map((value) => value.toFixed(0)).join(', ')} ${unit}`);
        return { kind: 'figure', name, unit, values };
      } finally {
        await site.close();
      }
    },
  };
}

/** A person signs in at one controller and lets in the device that waits there or at the other. */
function signIns({ contexts, people }: Site) {
  const attempts = contexts.map((context) => new LoginAttempts(context));
  return async (turn: number): Promise<number> => {
    const [here, there] = [turn % contexts.length, (turn + 1) % contexts.length];
    const context = contexts[here];
    const [waiting, entering] = [attempts[there], attempts[here]];
    if (context === undefined || waiting === undefined || entering === undefined) return 0;
    const place = turn % people.length;
    const organisation = context.organisation(context.firstOrganisation);
    const address = `10.${(turn >> 16) & 255}.${(turn >> 8) & 255}.${turn & 255}`;
    const key = (): string => systemRandom(32).toString('base64url');
    const claim = {
      mk: key(),
      nk: key(),
      name: 'laptop',
      os: 'linux',
      version: '0.1.0',
      boot: key(),
      address,
    };
    const started = await waiting.startDeviceCode(organisation.id, claim);
    const identity = {
      subject: `${place}`,
      email: `person${place}@acme.example`,
      name: `Person ${place}`,
      groups: ['staff'],
      authMs: Date.now(),
      amr: ['mfa'],
    };
    const issuer = 'https://idp.acme.example';
    const signedIn = await recordSignIn(context, organisation, {
      issuer,
      provider: 'corp',
      identity,
      address,
    });
    const by = { person: signedIn.person, address };
    const entry = await entering.enterCode(organisation.id, started?.userCode ?? '', by);
    if (entry.state !== 'found') throw new Error(`the code was ${entry.state}`);
    const signIn = { person: signedIn.person, amr: ['mfa'], session: signedIn.session, address };
    const joined = await entering.approve(entry.attempt, signIn, { held: false });
    if (joined.state !== 'joined') throw new Error(`the device is ${joined.state}`);
    return 1;
  };
}

/** What a device that returns is told: its seat read, every resource decided, its tokens found. */
function pictures({ contexts, devices }: Site) {
  const looks = contexts.map((context) => looksOf(context).devices);
  const together = 16;
  return async (turn: number): Promise<number> => {
    const context = contexts[turn % contexts.length];
    const look = looks[turn % contexts.length];
    if (context === undefined || look === undefined) return 0;
    const some = Array.from(
      { length: together },
      (_, at) => devices[(turn * together + at) % devices.length],
    );
    const views = await Promise.all(
      some.map(async (device) =>
        device === undefined ? undefined : look.look(context.firstOrganisation, device),
      ),
    );
    return views.filter((view) => view !== undefined).length;
  };
}

/** Flow records of twenty connectors, in the batches in which they send them. */
function auditRows({ contexts, connectors, people, resources }: Site) {
  const next = connectors.map(() => 1);
  const busy = connectors.map(() => Promise.resolve(0));
  const send = async (turn: number, which: number): Promise<number> => {
    const context = contexts[turn % contexts.length];
    const connector = connectors[which];
    if (context === undefined || connector === undefined) return 0;
    const first = next[which] ?? 1;
    const list = Array.from({ length: rowsPerBatch }, (_, at): FlowRecord => {
      const seq = first + at;
      const subject = people[seq % people.length] ?? 'unknown';
      const resource = resources[seq % resources.length] ?? 'unknown';
      return { seq, at: Date.now(), event: 'open', flow: `flow${seq}`, subject, resource };
    });
    next[which] = first + rowsPerBatch;
    await storeReceipts(context, context.firstOrganisation, connector, list);
    return rowsPerBatch;
  };
  return async (turn: number): Promise<number> => {
    const which = turn % connectors.length;
    // A connector sends its next batch when the last was acknowledged.
    const sent = (busy[which] ?? Promise.resolve(0)).then(() => send(turn, which));
    busy[which] = sent.catch(() => 0);
    return sent;
  };
}
