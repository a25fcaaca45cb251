/** Guards of what the controller signs, and of contact with it. */
import { guards, type Mutant } from './mutant.ts';

export const tokensMutants: readonly Mutant[] = [
  ...guards(
    'protocol/lease.ts',
    ['test/protocol/lease.test.ts'],
    [
      ['an epoch never goes back', 'if (epoch < this.#epoch) return false;', ''],
      [
        'a verifier’s clock never runs backwards',
        'this.#latestMs = Math.max(this.#clock(), this.#latestMs + (at - this.#latestAt));',
        'this.#latestMs = this.#clock();',
      ],
      [
        'a verifier’s clock goes on while the machine’s stands still or goes back',
        'this.#latestMs + (at - this.#latestAt)',
        'this.#latestMs',
      ],
      [
        'a beat sets a verifier’s clock to no earlier than the controller’s',
        'Math.max(this.#clock(), controllerS * 1_000)',
        'this.#clock()',
      ],
      [
        'a verifier’s clock does not go back over a restart',
        '    this.#latestMs = Math.max(state.lastBeatMs, state.latestMs ?? state.lastBeatMs);\n',
        '',
      ],
      [
        'without contact nothing is honoured beyond its outage',
        'return this.nowMs() <= this.honouredUntilMs(outageS);',
        'return true;',
      ],
      [
        'a revocation is remembered until what it names has expired',
        'if (end < nowMs) this.#revoked.delete(id);',
        'this.#revoked.delete(id);',
      ],
    ],
  ),
  ...guards(
    'protocol/tokens.ts',
    ['test/protocol/tokens.test.ts'],
    [['a token larger than any of ours is not looked at', 'token.length > maxTokenBytes || ', '']],
  ),
  ...guards(
    'protocol/tokens.ts',
    ['test/connector/lateral-streams.test.ts'],
    [
      ['stream check: token key', 'if (nk !== encodeKey(expected.nodeKey)) return undefined;', ''],
      [
        'stream check: token aud',
        "claims['iss'] !== card.iss || claims['aud'] !== expected.network)\n    return undefined;",
        "claims['iss'] !== card.iss)\n    return undefined;",
      ],
      [
        'stream check: token iss',
        "if (claims === undefined || claims['iss'] !== card.iss || claims['aud'] !== expected.network)",
        "if (claims === undefined || claims['aud'] !== expected.network)",
      ],
      ['stream check: token typ', 'header.typ !== typ || ', ''],
      [
        'stream check: token time',
        'return iat - leewayS <= nowS && nowS <= exp + leewayS ? claims : undefined;',
        'return claims;',
      ],
      [
        'stream check: token header',
        "if (Object.keys(header).toSorted().join() !== 'alg,kid,typ') return undefined;",
        '',
      ],
      ['stream check: token strict', '|| !strictParts(token)', ''],
    ],
  ),
  ...guards(
    'protocol/tokens.ts',
    ['test/protocol/tokens.test.ts'],
    [
      [
        'a token is of the type that is wanted',
        "header.alg !== 'EdDSA' || header.typ !== typ || ",
        "header.alg !== 'EdDSA' || ",
      ],
      [
        'a grant is for this network',
        "claims['iss'] !== card.iss || claims['aud'] !== expected.network)",
        "claims['iss'] !== card.iss)",
      ],
      [
        'a grant is bound to the key that the session proved',
        'if (nk !== encodeKey(expected.nodeKey)) return undefined;',
        "if (typeof nk !== 'string') return undefined;",
      ],
      [
        'a ticket is for relays',
        "claims['iss'] !== card.iss || claims['aud'] !== 'relay') return undefined;",
        "claims['iss'] !== card.iss) return undefined;",
      ],
      [
        'a key of the card is named by its own thumbprint',
        'if (raw?.length !== 32 || (await thumbprint(raw)) !== jwk.kid) return undefined;',
        'if (raw?.length !== 32) return undefined;',
      ],
    ],
  ),
];
