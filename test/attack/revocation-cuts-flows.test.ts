/**
 * A right that is taken away ends what runs on it, within a second at both ends and with the reason: three kinds of
 * flows through the capture of a laptop, for each way by which a right can go. revocation-matrix.test.ts has a thousand.
 */
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { applyWithout, deleteServiceKey } from '../support/fleet/measure-revocation.ts';
import { Origin, withOrigin } from '../support/fleet/origin.ts';
import { timedCall, type Answered } from '../support/fleet/timed-call.ts';
import { openLab, type Lab } from '../support/lab/lab.ts';
import type { Program } from '../support/lab/program.ts';
import { Client } from '../support/organisation/client.ts';
import { Organisation } from '../support/organisation/organisation.ts';
import { labSite } from '../support/organisation/site.ts';

const boundMs = 1_000;

interface Way {
  readonly name: string;
  /** The word in `status` and in the record of the flow. */
  readonly cause: string;
  readonly take: (organisation: Organisation) => Promise<Answered>;
}

const ways: readonly Way[] = [
  { name: 'the group', cause: 'policy', take: (organisation) => applyWithout(organisation, 'group') },
  { name: 'the policy', cause: 'policy', take: (organisation) => applyWithout(organisation, 'policy') },
  { name: 'the policy by a rollback', cause: 'policy', take: rollBack },
  { name: 'the resource', cause: 'removed', take: (organisation) => applyWithout(organisation, 'resource') },
  { name: 'the device', cause: 'removed', take: removeDevice },
  { name: 'the service key', cause: 'key-deleted', take: deleteServiceKey },
];

suite('a right that is taken away', () => {
  let lab: Lab;
  let origin: Origin;
  let organisation: Organisation;
  before(async () => {
    lab = await openLab();
    origin = await Origin.start(lab);
    organisation = await Organisation.start(labSite(lab), { adapt: withOrigin });
  });
  after(() => lab?.close());

  test('a device that comes from another address loses what its source gave, with a download under way', async () => {
    const [nat, moved] = [lab.addresses.laptopNat, lab.addresses.laptopNat.replace(/\d+$/, '101')];
    await organisation.apply((document) => {
      const policy = document.policies?.find(({ name }) => name === 'automation-origin');
      if (policy !== undefined) policy.when = { source: [`${nat}/32`] };
    });
    const client = new Client(lab.laptop, 'laptop-moves');
    client.up(['--key-file', await organisation.serviceKey('ci')]);
    await client.ready();
    const flows = await openFlows(lab, origin, 'moves');

    // What is open goes on from the old address; what is opened anew comes from the new one.
    await run(lab.laptopNat, 'ip', 'address', 'add', `${moved}/24`, 'dev', 'wan0');
    const rule = `table ip moved { chain out { type nat hook postrouting priority 90; oifname "wan0" snat to ${moved}; }; }`;
    await run(lab.laptopNat, 'nft', rule);
    await run(lab.laptop, 'ss', '-K', 'dst', `${lab.addresses.controller}:8443`);
    const ends = await flows.ended();
    for (const { flow, code } of ends) assert.notEqual(code, 0, `${flow} did not end in order`);
    const { recent } = await client.status();
    assert.deepEqual(
      new Set(recent.filter(({ event }) => event === 'ended').map(({ code }) => code)),
      new Set(['revoked']),
    );
    const why = await client.why('origin');
    assert.equal(why.decision, 'refused');
    assert.ok(
      why.reasons.some(({ name, met }) => !met && name.startsWith('source-')),
      JSON.stringify(why.reasons),
    );
    await run(lab.laptopNat, 'nft', 'delete table ip moved');
    await run(lab.laptopNat, 'ip', 'address', 'del', `${moved}/24`, 'dev', 'wan0');
    await client.down();
    await applyWithout(organisation);
  });

  for (const [index, { name, cause, take }] of ways.entries()) {
    test(`REL-6: removing ${name} ends an open ssh, a running download and an idle connection within a second`, async (context) => {
      const client = new Client(lab.laptop, `laptop-${index}`);
      client.up(['--key-file', await organisation.serviceKey('ci')]);
      await client.ready();
      const flows = await openFlows(lab, origin, `way${index}`);
      const known = (await organisation.audit('flow.close')).length;

      const { answeredAt } = await take(organisation);
      const ends = await flows.ended();
      for (const { flow, code, laptopAt, originAt } of ends) {
        assert.notEqual(code, 0, `${flow} did not end in order`);
        assert.ok(laptopAt - answeredAt <= boundMs, `${flow}: ${laptopAt - answeredAt} ms at the laptop`);
        assert.ok(originAt - answeredAt <= boundMs, `${flow}: ${originAt - answeredAt} ms at the origin`);
      }

      const { recent } = await client.status();
      const ended = recent.filter(({ event }) => event === 'ended');
      assert.deepEqual(ended.map(({ host }) => host).toSorted(), [
        'bastion.acme.internal',
        'origin.acme.internal',
        'origin.acme.internal',
      ]);
      for (const { code, text } of ended) {
        assert.equal(code, 'revoked');
        assert.match(text, new RegExp(`\\(${cause.replace('-', ' ')}\\)$`));
      }
      const records = await eventually('three records of an end', async () => {
        const fresh = (await organisation.audit('flow.close')).slice(known);
        return fresh.length >= 3 ? fresh : undefined;
      });
      assert.deepEqual(
        records.map((record) => [record.reasons, record.cause]),
        Array.from({ length: 3 }, () => [['revoked'], cause]),
      );
      context.diagnostic(
        ends
          .map(
            ({ flow, laptopAt, originAt }) => `${flow} ${laptopAt - answeredAt}/${originAt - answeredAt} ms`,
          )
          .join(', '),
      );
      await client.down();
      await applyWithout(organisation);
    });
  }
});

interface EndedFlow {
  readonly flow: string;
  /** Exit code of the program that held it. */
  readonly code: number | null;
  /** Epoch milliseconds. */
  readonly laptopAt: number;
  readonly originAt: number;
}

/** An ssh that prints, a download by curl and a connection on which nothing happens, all open. */
async function openFlows(
  lab: Lab,
  origin: Origin,
  label: string,
): Promise<{ ended(): Promise<EndedFlow[]> }> {
  const { laptop, bastion } = lab;
  const at = `${origin.host}/${origin.port}`;
  const ssh = laptop.spawn('ssh', [
    ...['-F', bastion.configFile, 'root@bastion.acme.internal'],
    'while :; do date +%s%3N; sleep 0.05; done',
  ]);
  const url = `http://${origin.host}:${origin.port}/download/${label}.download`;
  const download = laptop.spawn('curl', ['-sS', '-o', '/dev/null', url]);
  const idle = laptop.spawn('bash', [
    ...['-c', `exec 3<>/dev/tcp/${at}; echo idle ${label}.idle >&3; exec cat <&3`],
  ]);
  await ssh.waitFor(/^\d{13}\n\d{13}$/m);
  await eventually('both at the origin', () => (origin.open(`${label}.`).length === 2 ? true : undefined));

  const atLaptop = ({ ended }: Program): Promise<{ code: number | null; laptopAt: number }> =>
    ended.then(({ code }) => ({ code, laptopAt: Date.now() }));
  const programs = { ssh: atLaptop(ssh), download: atLaptop(download), idle: atLaptop(idle) };
  const sshAtBastion = eventually(
    'the end of ssh at the bastion',
    async () => ((await sessionsAtBastion(lab)) === '' ? Date.now() : undefined),
    { everyMs: 20, timeoutMs: 30_000 },
  );
  sshAtBastion.catch(() => undefined);
  return {
    async ended() {
      const originAt = async (flow: string): Promise<number> =>
        eventually(
          `the end of ${flow} at the origin`,
          () => origin.ends(label).get(`${label}.${flow}`)?.endedAt,
        );
      return Promise.all([
        programs.ssh.then(async (end) => ({ flow: 'ssh', ...end, originAt: await sshAtBastion })),
        programs.download.then(async (end) => ({
          flow: 'download',
          ...end,
          originAt: await originAt('download'),
        })),
        programs.idle.then(async (end) => ({ flow: 'idle', ...end, originAt: await originAt('idle') })),
      ]);
    },
  };
}

/** What the bastion's machine lists as open with its SSH server. */
async function sessionsAtBastion({ servers, addresses }: Lab): Promise<string> {
  const filter = ['state', 'established', 'src', `${addresses.bastion}:22`];
  return (await servers.run('ss', ['-Htn', ...filter])).stdout;
}

async function run(place: Lab['laptop'], command: string, ...args: string[]): Promise<void> {
  const { code, stderr } = await place.run(command, args);
  assert.equal(code, 0, `${command} ${args.join(' ')}: ${stderr}`);
}

/** Puts the document that the organisation had without the policy back into force. */
async function rollBack(organisation: Organisation): Promise<Answered> {
  const { body } = await timedCall(organisation, 'GET', '/api/v1/document/history');
  const { revisions } = body as { revisions: { revision: number }[] };
  for (const { revision } of revisions) {
    const { body: found } = await timedCall(organisation, 'GET', `/api/v1/document/history/${revision}`);
    const { document } = found as { document: unknown };
    if (!JSON.stringify(document).includes('automation-origin'))
      return timedCall(organisation, 'POST', '/api/v1/document/rollback', { revision });
  }
  throw new Error('the organisation was never without the policy');
}

/** Removes the one device that is online. */
async function removeDevice(organisation: Organisation): Promise<Answered> {
  const { body } = await timedCall(organisation, 'GET', '/api/v1/devices');
  const device = (body as { id: string; online: boolean }[]).find(({ online }) => online);
  assert.ok(device !== undefined, 'a device is online');
  return timedCall(organisation, 'DELETE', `/api/v1/devices/${device.id}`);
}
