/**
 * Posture that turns bad cuts what runs on it within a second at both ends, told by the device itself or by somebody who
 * speaks of it: a controller, a relay, a connector and a capturing client as they are run, and a connection in the open.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { Origin, withOrigin } from '../support/fleet/origin.ts';
import { openLab, type Lab } from '../support/lab/lab.ts';
import type { OrganisationFile } from '../support/organisation/acme-document.ts';
import { Client } from '../support/organisation/client.ts';
import { Organisation } from '../support/organisation/organisation.ts';
import { labSite } from '../support/organisation/site.ts';

const boundMs = 1_000;
const secret = 'a-secret-of-the-device-management';
const folder = mkdtempSync(join(tmpdir(), 'postern-posture-'));
const marker = join(folder, 'agent');

/** The origin asks for a file on the device and for the word of the device management. */
function withPosture(document: OrganisationFile): OrganisationFile {
  const open = withOrigin(document);
  return {
    ...open,
    postureProfiles: [
      { name: 'healthy', linux: { files: [marker], minClientVersion: '0.1' } },
      { name: 'vouched', verdicts: ['mdm'], freshness: '1h' },
    ],
    postureSources: [{ name: 'mdm', webhook: { secret } }],
    policies: [
      ...(open.policies ?? []).filter(({ name }) => name !== 'prod-needs'),
      {
        name: 'origin-needs',
        require: 'everyone',
        to: { resources: ['origin'] },
        when: { posture: ['healthy', 'vouched'] },
      },
    ],
  };
}

suite('posture that turns bad', () => {
  let lab: Lab;
  let origin: Origin;
  let organisation: Organisation;
  let client: Client;
  let device = '';
  before(async () => {
    writeFileSync(marker, '');
    lab = await openLab();
    origin = await Origin.start(lab);
    organisation = await Organisation.start(labSite(lab), { adapt: withPosture });
    client = new Client(lab.laptop, 'laptop');
    client.up(['--key-file', await organisation.serviceKey('ci')]);
    await client.ready();
    const { devices } = JSON.parse(await organisation.admin('device', 'list', '--json')) as {
      devices: { id: string }[];
    };
    device = devices[0]?.id ?? assert.fail('no device');
  });
  after(async () => {
    await lab?.close();
    rmSync(folder, { recursive: true });
  });

  /** Sends a verdict as the device management does; answers when it was taken (epoch ms). */
  async function say(compliant: boolean): Promise<number> {
    const body = join(folder, 'verdicts.json');
    writeFileSync(body, JSON.stringify({ verdicts: [{ device, compliant }] }));
    const { code, stdout, stderr } = await lab.internet.run('curl', [
      ...[
        '-sS',
        '--fail-with-body',
        '--cacert',
        organisation.caFile,
        '-H',
        `Authorization: Bearer ${secret}`,
      ],
      ...['-H', 'Content-Type: application/json', '-d', `@${body}`],
      `${organisation.url}/api/v1/posture/mdm`,
    ]);
    assert.equal(code, 0, stdout + stderr);
    return Date.now();
  }

  /** Opens a connection on which nothing happens, and waits for it at the origin. */
  async function openFlow(
    label: string,
  ): Promise<{ ended(): Promise<{ laptopAt: number; originAt: number }> }> {
    await eventually('the right to the origin', async () =>
      (await client.why('origin')).decision === 'granted' ? true : undefined,
    );
    const at = `${origin.host}/${origin.port}`;
    const program = lab.laptop.spawn('bash', [
      '-c',
      `exec 3<>/dev/tcp/${at}; echo idle ${label} >&3; exec cat <&3`,
    ]);
    await eventually('the flow at the origin', () => (origin.open(label).length === 1 ? true : undefined));
    const laptop = program.ended.then(() => Date.now());
    return {
      async ended() {
        const originAt = await eventually(
          'the end at the origin',
          () => origin.ends(label).get(label)?.endedAt,
          {
            timeoutMs: 90_000,
            everyMs: 20,
          },
        );
        return { laptopAt: await laptop, originAt };
      },
    };
  }

  test('REL-6: a verdict that turns cuts an idle connection within a second, and the device is told why', async (context) => {
    assert.equal((await client.why('origin')).exit, 5);
    await say(true);
    const flow = await openFlow('verdict');
    const known = (await organisation.audit('flow.close')).length;
    const takenAt = await say(false);
    const { laptopAt, originAt } = await flow.ended();
    context.diagnostic(`laptop ${laptopAt - takenAt} ms, origin ${originAt - takenAt} ms`);
    assert.ok(laptopAt - takenAt <= boundMs, `${laptopAt - takenAt} ms at the laptop`);
    assert.ok(originAt - takenAt <= boundMs, `${originAt - takenAt} ms at the origin`);
    const why = await client.why('origin');
    assert.deepEqual(
      why.reasons.filter(({ met }) => !met).map(({ name }) => name),
      ['posture-verdict-not-compliant'],
    );
    assert.equal(why.exit, 5);
    const [record] = await eventually('the record of the end', async () => {
      const fresh = (await organisation.audit('flow.close')).slice(known);
      return fresh.length > 0 ? fresh : undefined;
    });
    assert.deepEqual([record?.reasons, record?.cause], [['revoked'], 'device']);
  });

  test('REL-6: a required file that goes away is told by the device itself and cuts an idle connection within a second', async (context) => {
    await say(true);
    const flow = await openFlow('file');
    const removedAt = Date.now();
    rmSync(marker);
    const { laptopAt, originAt } = await flow.ended();
    context.diagnostic(`laptop ${laptopAt - removedAt} ms, origin ${originAt - removedAt} ms`);
    assert.ok(laptopAt - removedAt <= boundMs, `${laptopAt - removedAt} ms at the laptop`);
    assert.ok(originAt - removedAt <= boundMs, `${originAt - removedAt} ms at the origin`);
    const { posture } = await client.status();
    const files = posture?.checks.find(({ check }) => check === 'files');
    assert.deepEqual(files, {
      check: 'files',
      value: `${marker} is not there`,
      needed_by: ['origin'],
      needed_by_count: 1,
      refuses: ['origin'],
    });
    const { stdout } = await client.run('status');
    assert.match(stdout, /! Files +.+ is not there +needed by origin +refuses origin/);
    const list = await organisation.admin('device', 'list');
    assert.match(list, /posture 3\/4: A file that is required is not there/);
    const dry = await organisation.tryAdmin('device', 'posture', 'healthy');
    assert.match(dry.stdout, /ci +A file that is required is not there/);
    assert.match(dry.stderr, /"healthy" would block 1 of 1 device/);
    writeFileSync(marker, '');
    await eventually('the right to the origin', async () =>
      (await client.why('origin')).decision === 'granted' ? true : undefined,
    );
  });
});
