/** Guards of what carries a session on: links, their paths and resumption, and attachments to relays. */
import { guards, type Mutant } from './mutant.ts';

export const linkMutants: readonly Mutant[] = [
  ...guards(
    'protocol/link/backoff.ts',
    ['test/link/herd.test.ts'],
    [
      ['a busy controller is left in peace', 'isBusy ? longestControlMs : Math', 'Math'],
      ['a busy controller is not asked again at once', 'isBusy ? busyForMs + drawnMs :', ''],
    ],
  ),
  ...guards(
    'protocol/link/backoff.ts',
    ['test/attack/restarted-together.test.ts'],
    [
      [
        'connectors that come back together dial the controller at times of chance',
        'const drawnMs = (ceiling * random(4).readUInt32BE(0)) / 0x1_0000_0000;',
        'const drawnMs = ceiling;',
      ],
      [
        'connectors that come back together do not dial at once',
        'return isBusy ? busyForMs + drawnMs : Math.max(20, drawnMs);',
        'return 0;',
      ],
      [
        'connectors that come back together dial the relay at times of chance',
        'return (Math.min(doubled, ceiling) * random(4).readUInt32BE(0)) / 0x1_0000_0000;',
        'return Math.min(doubled, ceiling);',
      ],
    ],
  ),
  ...guards(
    'protocol/link/attachment.ts',
    ['test/relay/websocket-lengths.test.ts'],
    [['node maxPayload', '    maxPayload: hopMaxPayload,\n', '']],
  ),
  ...guards(
    'protocol/link/link.ts',
    ['test/link/session.test.ts', 'test/link/resume.test.ts'],
    [
      ['bye', "if (last !== this.#received) return this.#broken('a BYE that counts other records');", ''],
      ['resumed count', 'if (!this.hasSent(peerReceived)) return false;', ''],
      ['the rest again', '    this.#onPath = 0;\n', ''],
      [
        'what is held is not read',
        'else this.#held.push(Buffer.from(plaintext));',
        'else this.#take(plaintext);',
      ],
      [
        'what is held is read later',
        'for (const plaintext of held) if (!this.#isOver) this.#take(plaintext);',
        '',
      ],
      ['datagrams', 'this.#replay.rewrite(withoutDatagrams);', ''],
      [
        'the 60 s',
        'this.#cancelGap = this.#clock.after(longestGapMs, () =>',
        'this.#clock.after(2 ** 40, () =>',
      ],
      ['session bound', 'if (this.#replay.bytes > maxSessionBytes) return true;', ''],
    ],
  ),
  ...guards(
    'protocol/link/liveness.ts',
    ['test/link/session.test.ts'],
    [
      [
        'silence since the first that waits',
        'if (!this.#isPingOut) this.#silentSinceMs = this.#clock.nowMs();',
        'this.#silentSinceMs = Number.POSITIVE_INFINITY;',
      ],
    ],
  ),
  ...guards(
    'protocol/link/attachments.ts',
    ['test/link/attachments.test.ts'],
    [
      ['eight relays', 'while (this.#held.size < mostRelays) {', 'for (;;) {'],
      [
        'room for the next',
        'this.#waiting.push(relay);\n    kept.stop();\n    this.#fill();',
        'kept.stop();',
      ],
    ],
  ),
  ...guards(
    'protocol/link/tunnel-session.ts',
    ['test/link/resume.test.ts'],
    [
      ['resume key', 'channel.peerKey.equals(this.peerKey) &&', ''],
      ['resume generation', 'generation > this.#generation &&', ''],
      ['resume proof', 'provesResume(message, this.#resumeSecret, channel.handshakeHash);', 'true;'],
      [
        'resume range',
        'if (!isProven || !this.#link.hasSent(received)) return false;',
        'if (!isProven) return false;',
      ],
      ['resume twice', 'if (this.#isResuming) {', 'if (this.#ended !== undefined) {'],
      ['proving pings', 'this.hasPath ? provingPings : 0', '0'],
      ['a move that failed', 'else this.#link.release();', ''],
    ],
  ),
  ...guards(
    'protocol/link/open-session.ts',
    ['test/link/resume.test.ts'],
    [
      [
        'lost ones of the same device',
        'if (!other.hasPath && other.peerKey.equals(session.peerKey))',
        'if (!other.hasPath)',
      ],
    ],
  ),
  ...guards(
    'protocol/link/resume.ts',
    ['test/link/resume.test.ts', 'test/link/session.test.ts'],
    [
      [
        'first word',
        'if (kind !== linkKinds.start && kind !== linkKinds.resume) return fail(outOfForm());',
        '',
      ],
      [
        'first word in time',
        "const cancel = clock.after(firstWordMs, () => fail(new Fault('timeout')));\n  channel",
        'const cancel = (): void => undefined;\n  channel',
      ],
    ],
  ),
];
