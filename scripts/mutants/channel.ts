/** Guards of the seal and the handshake. */
import { guards, type Mutant } from './mutant.ts';

export const channelMutants: readonly Mutant[] = [
  ...guards(
    'protocol/keys.ts',
    ['test/noise/cipher-state.test.ts', 'test/noise/handshake.test.ts', 'test/noise/aead.test.ts'],
    [
      [
        'a Diffie-Hellman result of zero ends the handshake',
        'return undefined;\n  }\n}\n\n/** The uses of',
        'return Buffer.alloc(32);\n  }\n}\n\n/** The uses of',
      ],
    ],
  ),
  ...guards(
    'protocol/keys.ts',
    ['test/vectors/wycheproof.test.ts'],
    [
      [
        'zero dh',
        'return shared.every((byte) => byte === 0) ? undefined : shared;\n  } catch {\n    // OpenSSL refuses low-order points itself instead of returning zeros.\n    return undefined;',
        'return shared;\n  } catch {\n    // OpenSSL refuses low-order points itself instead of returning zeros.\n    return Buffer.alloc(32);',
      ],
    ],
  ),
  ...guards(
    'protocol/link/channel-keys.ts',
    ['test/link/secure-channel.test.ts'],
    [
      [
        'keys: epoch none',
        "if (epoch === this.#receiveEpoch) return 'current';",
        "if (this.#next === undefined) return 'current';",
      ],
    ],
  ),
  ...guards(
    'protocol/link/channel-keys.ts',
    ['test/link/channel-keys.test.ts'],
    [
      [
        'old keys to send are erased',
        '    this.#send?.erase();\n    this.#send = this.#next.send;',
        '    this.#send = this.#next.send;',
      ],
      [
        'old keys to receive are erased',
        '    this.#receive?.erase();\n    this.#receive = next.receive;',
        '    this.#receive = next.receive;',
      ],
      ['keys never used are erased', '    this.#next?.send.erase();\n', ''],
      ['what the handshake gave is erased', '  send.fill(0);\n', ''],
    ],
  ),
  ...guards(
    'protocol/link/channel-keys.ts',
    ['test/link/tampering.test.ts'],
    [
      [
        'keys: epoch',
        "return this.#next !== undefined && epoch === after(this.#receiveEpoch) ? 'next' : 'wrong';",
        "return this.#next !== undefined ? 'next' : 'wrong';",
      ],
    ],
  ),
  ...guards(
    'protocol/link/handshake-budget.ts',
    ['test/link/handshake-flood.test.ts'],
    [
      [
        'budget process',
        'if (this.#all.take() || this.#returning?.take() === true) return true;',
        'if (this.#all.take() || source !== undefined) return true;',
      ],
      ['budget source', 'if (!bucket.take()) return false;', 'void bucket;'],
      ['budget kept', 'return this.#proven.has(source) && this.#kept.take();', 'return this.#kept.take();'],
      [
        'budget proven bound',
        '    if (this.#proven.size > maxProven && oldest !== undefined) this.#proven.delete(oldest);',
        '    void oldest;',
      ],
    ],
  ),
  ...guards(
    'protocol/source-address.ts',
    ['test/protocol/source-address.test.ts'],
    [
      ['v6', 'return isIPv6(plain) ? `${leadingGroups(plain, 4)}::/64` : plain;', 'return plain;'],
      ['v4 on v6', ".replace(/^::ffff:(?=\\d+\\.\\d+\\.\\d+\\.\\d+$)/, '')", ''],
    ],
  ),
  ...guards(
    'protocol/link/handshake-messages.ts',
    ['test/link/secure-channel.test.ts'],
    [
      [
        'kem strip',
        "return blake2s(Buffer.from('postern/1 kem\\0'), shared, ciphertext, encapsulationKey);",
        'void shared; void ciphertext; void encapsulationKey; return noPsk;',
      ],
      ['init flags', 'if (flags !== 0 && !offered) return undefined;', ''],
    ],
  ),
  ...guards(
    'protocol/link/handshake-messages.ts',
    ['test/link/tampering.test.ts'],
    [
      [
        'version',
        'if (read === undefined || read.payload[0] !== protocolVersion) return undefined;',
        'if (read === undefined) return undefined;',
      ],
      [
        'resp length',
        'if (body.length !== messageStart + secondOverheadBytes + welcomeBytes) return undefined;',
        '',
      ],
    ],
  ),
  ...guards(
    'protocol/link/secure-channel.ts',
    ['test/connector/replayed-init.test.ts'],
    [
      [
        'replay confirm',
        "    this.#state = { state: 'unproven' };\n    this.#setTimer(handshakeMs, () => this.#close(new Fault('timeout'), new Fault('timeout')));\n    this.#sendPlain(types.resp, 0, answer.resp);",
        '    this.#sendPlain(types.resp, 0, answer.resp);\n    this.#up();',
      ],
    ],
  ),
  ...guards(
    'protocol/link/secure-channel.ts',
    ['test/link/handshake-flood.test.ts'],
    [
      ['mac1', "if (!hasMac1(body, this.#options.own)) return this.#broken('a wrong mac1');", ''],
      [
        'mac1 after dh',
        "    if (!hasMac1(body, this.#options.own)) return this.#broken('a wrong mac1');\n    if (!allows())",
        '    if (!allows())',
      ],
      ['budget', "if (!allows()) return this.#close(new Fault('busy'), new Fault('busy'));", 'void allows;'],
      [
        'unproven timer',
        "    this.#setTimer(handshakeMs, () => this.#close(new Fault('timeout'), new Fault('timeout')));\n    this.#sendPlain(types.resp, 0, answer.resp);",
        '    this.#cancelTimer();\n    this.#sendPlain(types.resp, 0, answer.resp);',
      ],
    ],
  ),
  ...guards(
    'protocol/link/secure-channel.ts',
    ['test/link/secure-channel.test.ts'],
    [['unproven bytes', 'new MessageReader(unprovenBytes,', 'new MessageReader(maxBodyBytes,']],
  ),
  ...guards(
    'protocol/link/key-renewal.ts',
    ['test/link/key-renewal.test.ts'],
    [
      [
        'rekey key',
        'if (answer === undefined || !answer.outcome.peer.equals(peerKey)) {',
        'if (answer === undefined) {',
      ],
      [
        'keys: rekey soon',
        "if (this.#keys.isSwitching || isSoon) return broken('a rekey too soon');",
        'void isSoon;',
      ],
      [
        'keys: key bytes',
        "if (this.#keys.usedBytes >= 2 * keyBytes) return broken('keys that were not renewed');",
        '',
      ],
      [
        'keys: key time',
        'if (!isInitiator) return this.#setTimer(keysEndMs, die);',
        'if (!isInitiator) return this.#setTimer(10 * keysEndMs, die);',
      ],
    ],
  ),
  ...guards(
    'protocol/link/secure-channel.ts',
    ['test/link/secure-channel.test.ts', 'test/link/session.test.ts'],
    [
      [
        'the handshake budget is asked',
        "if (!allows()) return this.#close(new Fault('busy'), new Fault('busy'));",
        '',
      ],
      [
        'a record that does not open ends the carrier',
        "if (plaintext === undefined) return this.#broken('a record that does not open');",
        'if (plaintext === undefined) return undefined;',
      ],
      [
        'nothing happens for an initiator before its first record opens',
        "this.#state = { state: 'unproven' };",
        "this.#state = { state: 'unproven' };\n    this.#up();",
      ],
    ],
  ),
  ...guards(
    'protocol/link/key-renewal.ts',
    ['test/link/key-renewal.test.ts', 'test/link/session.test.ts'],
    [
      [
        'a rekey is the same peer',
        'answer === undefined || !answer.outcome.peer.equals(peerKey)',
        'answer === undefined',
      ],
      [
        'keys that were not renewed end the carrier',
        "const die = (): void => broken('keys that were not renewed');",
        'const die = (): void => undefined;',
      ],
    ],
  ),
  ...guards(
    'protocol/link/secure-channel.ts',
    ['test/link/tampering.test.ts'],
    [
      [
        'tag fail accept',
        "if (plaintext === undefined) return this.#broken('a record that does not open');",
        'if (plaintext === undefined) return;',
      ],
    ],
  ),
  ...guards(
    'protocol/noise/aead-noble.ts',
    ['test/vectors/wycheproof.test.ts'],
    [['tag noble', '    } catch {\n      return false;', '    } catch {\n      return true;']],
  ),
  ...guards(
    'protocol/noise/aead-node.ts',
    ['test/vectors/wycheproof.test.ts'],
    [
      [
        'tag node',
        '    } catch {\n      return false;\n    }\n    plaintext.copy(out);',
        '    } catch {\n      plaintext.copy(out);\n    }\n    plaintext.copy(out);',
      ],
    ],
  ),
  ...guards(
    'protocol/noise/aead-sodium.ts',
    ['test/link/tampering.test.ts'],
    [['tag sodium', '      } catch {\n        return false;', '      } catch {\n        return true;']],
  ),
  ...guards(
    'protocol/noise/blake2s.ts',
    ['test/vectors/wycheproof.test.ts'],
    [
      [
        'hkdf third',
        'return [first, second, mac(temporary, second, three)];',
        'return [first, second, mac(temporary, first, three)];',
      ],
    ],
  ),
  ...guards(
    'protocol/noise/cipher-state.ts',
    ['test/link/evil-relay.test.ts'],
    [['nonce order', '    const counter = this.#counter++;', '    const counter = 0 * this.#counter++;']],
  ),
  ...guards(
    'protocol/noise/cipher-state.ts',
    ['test/noise/cipher-state.test.ts', 'test/noise/handshake.test.ts', 'test/noise/aead.test.ts'],
    [
      ['a nonce counts up', 'const counter = this.#counter++;', 'const counter = this.#counter;'],
      ['an erased key is never used', "if (this.#erased) throw new Error('an erased key was used');", ''],
    ],
  ),
  ...guards(
    'protocol/noise/handshake.ts',
    ['test/link/tampering.test.ts'],
    [['prologue', '  symmetric.mixHash(prologue);', '  void prologue;']],
  ),
  ...guards(
    'protocol/noise/handshake.ts',
    ['test/noise/handshake.test.ts'],
    [
      ['zero dh b', 'if (shared === undefined) return false;', 'if (shared === undefined) return true;'],
      [
        'static in clear',
        'const sealedStatic = s.encryptAndHash(own.publicKey);',
        'const sealedStatic = Buffer.concat([own.publicKey, Buffer.alloc(16)]);',
      ],
    ],
  ),
];
