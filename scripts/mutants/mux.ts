/** Guards of the mux: what a peer may send, and how much is held for it. */
import { guards, type Mutant } from './mutant.ts';

export const muxMutants: readonly Mutant[] = [
  ...guards(
    'protocol/mux/mux.ts',
    ['test/mux/flood.test.ts'],
    [['goaway last', 'if (!stream.isIncoming && stream.id > last)', 'if (!stream.isIncoming)']],
  ),
  ...guards(
    'protocol/mux/stream-table.ts',
    ['test/mux/flood.test.ts'],
    [
      ['max pending', "return this.#pending >= maxPending ? 'busy' : undefined;", 'return undefined;'],
      [
        'forget leak',
        '    if (!this.#streams.delete(stream.id)) return;',
        '    if (!this.#streams.has(stream.id)) return;',
      ],
    ],
  ),
  ...guards(
    'protocol/mux/stream-table.ts',
    ['test/mux/hostile-peer.test.ts'],
    [
      ['mux parity', "if (id % 2 !== this.#peerParity) return 'an OPEN of the wrong parity';", ''],
      ['mux reuse', "if (id <= this.#lastPeerId) return 'an OPEN of a number that was used';", ''],
      ['mux late bound', 'return this.#lateBytes >= 0;', 'return true;'],
      ['max streams', "if (this.#peerStreams >= maxStreams) return 'limit';", ''],
    ],
  ),
  ...guards(
    'protocol/mux/stream-table.ts',
    ['test/mux/hostile-peer.test.ts', 'test/mux/stream.test.ts'],
    [
      [
        'a session has a bounded number of streams',
        'this.#peerStreams >= maxStreams',
        'this.#peerStreams >= 10 * maxStreams',
      ],
      [
        'a session has a bounded number of dials under way',
        'this.#pending >= maxPending',
        'this.#pending >= 100 * maxPending',
      ],
    ],
  ),
  ...guards(
    'protocol/mux/mux.ts',
    ['test/mux/hostile-peer.test.ts'],
    [
      [
        'mux header cut',
        "if (frames.length - offset < frameHeaderBytes) return broken('a frame header is cut short');",
        'if (frames.length - offset < frameHeaderBytes) return undefined;',
      ],
      [
        'mux length bound',
        "if (end > frames.length) return broken('a frame is longer than its record');",
        '',
      ],
      ['mux open bound', "if (end - start > maxOpenBytes) return 'an OPEN that is too long';", ''],
      ['mux data bound', "if (length === 0 || length > maxDataBytes) return 'a DATA of a wrong length';", ''],
      [
        'mux never opened',
        "if (stream === undefined && !this.#streams.wasOpened(id))\n      return 'a frame of a stream that was never opened';",
        '',
      ],
      [
        'cancel rate',
        "return isCancel && !this.#cancels.take() ? 'limit' : undefined;",
        'void isCancel; return undefined;',
      ],
      [
        'copy ratio',
        'return view.length * copyRatio < frames.buffer.byteLength ? Buffer.from(view) : view;',
        'return view;',
      ],
      ['hop grant', 'if (!this.inner || length > maxGrantBytes)', 'if (length > maxGrantBytes)'],
    ],
  ),
  ...guards(
    'protocol/mux/mux.ts',
    ['test/mux/hostile-peer.test.ts', 'test/mux/stream.test.ts'],
    [
      [
        'a peer that only opens and cancels is ended',
        "return isCancel && !this.#cancels.take() ? 'limit' : undefined;",
        'return undefined;',
      ],
    ],
  ),
  ...guards(
    'protocol/mux/receive-window.ts',
    ['test/mux/receive-window.test.ts'],
    [
      ['window bound', 'if (bytes > this.#credit) return false;', ''],
      ['window of a burst', 'if (nowMs - this.#quickAtMs >= quickMs) {', 'if (nowMs > this.#quickAtMs) {'],
      ['window that is lent', 'const more = quick.take(step);', 'const more = Math.floor(step);'],
      [
        'window given back by a slow reader',
        'if (wanted < this.#window / shrinkRatio) this.#shrink(Math.min(due, this.#window / 2));',
        'if (wanted < this.#window / shrinkRatio) void due;',
      ],
      ['window given back at the end', 'this.#shrink(largestWindow);', ''],
      [
        'largest window',
        'Math.min((2 * bytes * periodMs) / elapsedMs, largestWindow)',
        '(2 * bytes * periodMs) / elapsedMs',
      ],
    ],
  ),
  ...guards(
    'protocol/mux/mux.ts',
    ['test/mux/twin.test.ts'],
    [['goaway opens', "    if (this.#goaway !== undefined) throw new Fault('draining');\n", '']],
  ),
  ...guards(
    'protocol/mux/stream-table.ts',
    ['test/mux/twin.test.ts'],
    [['late data credit', '    this.#lateBytes += late;', '    void late;']],
  ),
  ...guards(
    'protocol/mux/outbox.ts',
    ['test/link/session.test.ts'],
    [
      [
        'outbox: own frames count',
        '    const at = this.#control.append(stream, type, payload.length);',
        '    const at = this.#control.append(stream, type, payload.length);\n    this.#answerBytes += payload.length;',
      ],
    ],
  ),
  ...guards(
    'protocol/mux/outbox.ts',
    ['test/mux/flood.test.ts'],
    [
      [
        'outbox: throttle',
        'if (this.#isPaused || this.#answerBytes <= answersHighBytes) return;',
        'if (!this.#isPaused) return;',
      ],
      [
        'outbox: answers count',
        '    this.#answerBytes += this.#control.length - before;\n  }',
        '    void before;\n  }',
      ],
      [
        'outbox: reset answers',
        'if (isAnswer) this.#answerBytes += this.#control.length - before;',
        'void before; void isAnswer;',
      ],
    ],
  ),
  ...guards(
    'protocol/mux/outbox.ts',
    ['test/mux/hostile-peer.test.ts', 'test/mux/stream.test.ts'],
    [
      [
        'a peer that makes us answer without reading is not read',
        'if (this.#isPaused || this.#answerBytes <= answersHighBytes) return;',
        'if (this.#answerBytes >= 0) return;',
      ],
    ],
  ),
  ...guards(
    'protocol/mux/stream.ts',
    ['test/mux/hostile-peer.test.ts'],
    [
      [
        'stream window bound',
        'if (this.#finSeen || !this.#window.receive(bytes.length)) return false;',
        'if (this.#finSeen) return false;',
      ],
      [
        'data after fin',
        'if (this.#finSeen || !this.#window.receive(bytes.length)) return false;',
        'if (!this.#window.receive(bytes.length)) return false;',
      ],
      [
        'credit bound',
        'if (bytes === 0 || this.#sendCredit > 0x7fff_ffff) return false;',
        'if (bytes === 0) return false;',
      ],
      ['second fin', '    if (this.#finSeen) return false;\n    if (sent', '    if (sent'],
      ['fin sent', 'if (sent !== undefined && sent !== this.bytesReceived) return false;', ''],
      ['fin received', 'if (received !== undefined && received > this.bytesSent) return false;', ''],
      [
        'accept nobody',
        'if (this.#incoming || this.#accepted) return false;',
        'if (this.#accepted) return false;',
      ],
    ],
  ),
  ...guards(
    'protocol/mux/staged-bytes.ts',
    ['test/mux/hostile-peer.test.ts'],
    [['gather', '    if (bytes.length >= smallBytes) {', '    if (bytes.length >= 0) {']],
  ),
  ...guards(
    'protocol/mux/stream.ts',
    ['test/mux/hostile-peer.test.ts', 'test/mux/stream.test.ts'],
    [['credit cannot overflow', 'if (bytes === 0 || this.#sendCredit > 0x7fff_ffff) return false;', '']],
  ),
  ...guards(
    'protocol/mux/stream.ts',
    ['test/mux/twin.test.ts'],
    [
      [
        'credit on receipt',
        'this.#window.refill(this.bytesReceived - this.#staged.length - this.readableLength)',
        'this.#window.refill(this.bytesReceived)',
      ],
      [
        'send window',
        'const length = Math.min(rest, this.#sendCredit, quantum,',
        'const length = Math.min(rest, quantum,',
      ],
    ],
  ),
  ...guards(
    'protocol/mux/stream.ts',
    ['test/mux/stream.test.ts'],
    [
      ['datagram queue', 'while (this.#datagramBytes > mostDatagramBytes) {', 'while (false as boolean) {'],
      [
        'what went past the queue goes out whole',
        'else this.#following = { chunk, written };',
        'else this.#begin(chunk, written);',
      ],
      ['past the queue of nobody who waits in it', ' && this.writableLength === 0', ''],
      ['what follows is told of the end', 'this.#written, this.#following?.written,', 'this.#written,'],
    ],
  ),
  ...guards(
    'protocol/mux/outbox.ts',
    ['test/mux/stream.test.ts'],
    [
      ['keystrokes first', '(isBrief ? this.#brief : this.#ready)', 'this.#ready'],
      ['brief share', 'Math.min(limit, end + briefShareBytes)', 'limit'],
      [
        'little waits for the end of the turn',
        'if (isBrief) this.#scheduleForAll();',
        'if (isBrief) this.#schedule();',
      ],
      [
        'a lot does not wait for the end of the turn',
        'else this.#schedule();',
        'else this.#scheduleForAll();',
      ],
    ],
  ),
  ...guards(
    'protocol/mux/stream.ts',
    ['test/mux/pour.test.ts', 'test/mux/stream.test.ts'],
    [['lent bytes are copied', 'isLent ? this.#copy(bytes) : bytes', 'bytes']],
  ),
  ...guards(
    'protocol/mux/pour.ts',
    ['test/mux/pour.test.ts'],
    [
      [
        'lent until written',
        'socket.write(bytes, () => giveBackBlock(bytes))',
        'socket.write(bytes, giveBackBlock(bytes) as undefined)',
      ],
    ],
  ),
  ...guards(
    'protocol/mux/waiting-blocks.ts',
    ['test/mux/pour.test.ts'],
    [['lent once', 'if (!lent.delete(buffer)) return;', '']],
  ),
  ...guards(
    'protocol/link/secure-channel.ts',
    ['test/link/secure-channel.test.ts', 'test/link/session.test.ts'],
    [['lent before the start', 'this.#held.push(Buffer.from(plaintext))', 'this.#held.push(plaintext)']],
  ),
  ...guards(
    'protocol/link/link.ts',
    ['test/link/resume.test.ts'],
    [['lent while held', 'this.#held.push(Buffer.from(plaintext))', 'this.#held.push(plaintext)']],
  ),
  ...guards(
    'protocol/link/binary-frames.ts',
    ['test/link/binary-reads.test.ts'],
    [['lent for no more than a message', ' || length > hopMaxPayload', '']],
  ),
  ...guards(
    'protocol/strangers.ts',
    ['test/protocol/strangers.test.ts'],
    [
      [
        'a stranger that is known now or gone is let go',
        'readonly #numbers = new WeakMap<T, number>();',
        'readonly #numbers = new Map<T, number>();',
      ],
    ],
  ),
  ...guards(
    'protocol/open-items.ts',
    ['test/protocol/open-items.test.ts'],
    [
      ['what has left a map is let go', '    entry.value = undefined;\n', ''],
      ['what has left is not deleted elsewhere', ' || this.#items[place] !== item', ''],
    ],
  ),
];
