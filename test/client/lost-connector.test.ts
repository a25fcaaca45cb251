/** A connector is killed: what it has not answered goes to another one, at once and whatever its session may still become. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConnectorQuestions } from '../../client/flows/connector-questions.ts';
import { Flows } from '../../client/flows/flows.ts';
import { NetworkSession } from '../../client/tunnel/network-session.ts';
import { systemRandom } from '../../protocol/clock.ts';
import { newId } from '../../protocol/ids.ts';
import { encodeKey, newAgreementKey } from '../../protocol/keys.ts';
import { HandshakeBudget } from '../../protocol/link/handshake-budget.ts';
import { acceptSession, SessionTable } from '../../protocol/link/open-session.ts';
import type { Carrier } from '../../protocol/link/carrier.ts';
import type { MuxStream } from '../../protocol/mux/stream.ts';
import { MemoryRoute } from '../support/memory-routes.ts';
import { settle } from '../support/settle.ts';
import { VirtualClock } from '../support/virtual-clock.ts';
import { hq, sample } from './dns/knowledge.ts';

/** A connector, and the one way to it. */
class FarConnector {
  readonly id = newId('con', systemRandom(16));
  readonly key = newAgreementKey();
  readonly way: MemoryRoute;
  /** Streams that were opened here. */
  readonly streams: MuxStream[] = [];
  /** Whether it answers. */
  answers = true;
  readonly #clock: VirtualClock;
  readonly #budget: HandshakeBudget;
  readonly #sessions = new SessionTable();

  constructor(clock: VirtualClock, relay: string) {
    this.#clock = clock;
    this.#budget = new HandshakeBudget(clock);
    this.way = new MemoryRoute(clock, { kind: 'relay', relay }, 10);
  }

  open(): Carrier | undefined {
    return this.way.open((carrier) => {
      acceptSession({
        carrier,
        own: this.key,
        networkId: hq,
        budget: this.#budget,
        source: 'dev_test',
        sessions: this.#sessions,
        clock: this.#clock,
        random: systemRandom,
        kem: false,
        handle: () => ({
          stream: (stream) => {
            this.streams.push(stream);
            if (this.answers) stream.accept();
          },
        }),
      }).catch(() => undefined);
    });
  }

  /** As a killed process leaves: its connections end, and nothing is there any more. */
  kill(): void {
    this.way.isThere = false;
    this.way.cut();
  }
}

async function start() {
  const clock = new VirtualClock();
  const connectors = [new FarConnector(clock, 'a'), new FarConnector(clock, 'b')];
  const network = new NetworkSession({
    network: hq,
    own: newAgreementKey(),
    connectors: () => connectors.map(({ id, key }) => ({ id, nk: encodeKey(key.publicKey) })),
    grants: () => [],
    routes: {
      to: (id) => connectors.filter((each) => each.id === id).map(({ way }) => way.route),
      carrier: (id) => connectors.find((each) => each.id === id)?.open(),
    },
    lost: () => undefined,
    refusal: () => undefined,
    onNote: () => undefined,
    clock,
    random: systemRandom,
  });
  const over = { knowledge: () => sample, session: () => network.whenUp(), clock };
  const flows = new Flows({ ...over, nameOf: () => undefined, wallClock: () => 0 });
  const questions = new ConnectorQuestions(over);
  /** Lets time pass until `is` holds, for at most `ms`; how much passed. */
  const until = async (is: () => boolean, ms: number): Promise<number> => {
    const sinceMs = clock.nowMs();
    while (!is() && clock.nowMs() - sinceMs < ms) {
      clock.advance(5);
      await settle(1);
    }
    return clock.nowMs() - sinceMs;
  };
  return { connectors, network, flows, questions, until };
}

test('REL-4 a flow that a killed connector has not answered goes to another within a second, and open ones are left', async (t) => {
  const { connectors, network, flows, until } = await start();
  t.after(() => network.stop());
  const opened: MuxStream[] = [];
  const open = (): void =>
    void flows.open({ host: 'wiki.acme.internal', port: 80 }).then((flow) => opened.push(flow as MuxStream));
  open();
  await until(() => opened.length === 1, 2_000);
  const [first, other] = connectors.toSorted((one, two) => two.streams.length - one.streams.length) as [
    FarConnector,
    FarConnector,
  ];
  first.answers = false;
  open();
  await until(() => first.streams.length === 2, 2_000);
  first.kill();
  const tookMs = await until(() => opened.length === 2, 20_000);
  assert.ok(tookMs <= 1_000, `${tookMs} ms`);
  assert.equal(other.streams.length, 1);
  assert.equal(opened[0]?.destroyed, false, 'it may go on when its connector comes back');
});

test('a question about a name does not wait for a killed connector either', async (t) => {
  const { connectors, network, questions, until } = await start();
  t.after(() => network.stop());
  for (const each of connectors) each.answers = false;
  const resource = sample.resources[1]!;
  const said: string[] = [];
  void questions.exists('a.db.acme.internal' as never, resource).then((word) => said.push(word));
  await until(() => connectors.some(({ streams }) => streams.length === 1), 2_000);
  const first = connectors.find(({ streams }) => streams.length === 1);
  const other = connectors.find((each) => each !== first);
  assert.ok(first !== undefined && other !== undefined);
  other.answers = true;
  first.kill();
  const tookMs = await until(() => said.length === 1, 20_000);
  assert.deepEqual(said, ['yes']);
  assert.ok(tookMs <= 1_000, `${tookMs} ms`);
});
