/** Guards of the web door's certificates: what is served, what is ordered, and who is told a key. */
import { guards, type Mutant } from './mutant.ts';

const folder = 'connector/web/certificates';
const parts = ['test/web-door/certificates-parts.test.ts'];
const orders = ['test/web-door/certificates-orders.test.ts'];

export const certificatesMutants: readonly Mutant[] = [
  ...guards(`${folder}/answer-peer.ts`, parts, [
    ['keys go to connectors of the network alone', ' || !isPeer', ''],
    ['an answer to a connector has a bound', ' || bytes.length > mostAnswerBytes', ''],
  ]),
  ...guards(`${folder}/answer-validation.ts`, parts, [
    [
      'a browser is not shown the answer to a validation',
      '  if (!hello.includes(offer)) return false;\n',
      '',
    ],
  ]),
  ...guards(`${folder}/challenges.ts`, parts, [
    ['validations are answered for own names', 'if (this.#options.serves(host)) this', 'this'],
    ['a validation is answered for a while', 'challenge.untilMs <= clock.nowMs()', 'false'],
  ]),
  ...guards(`${folder}/certificates.ts`, parts, [
    ['a certificate is for a name that is served', 'if (found === undefined) return undefined;', ''],
  ]),
  ...guards(`${folder}/acme-http.ts`, parts, [
    ['a CA leads to its own address alone', 'if (agent === undefined)', 'if (false)'],
    ['what a CA says has a bound', 'if (length > mostBytes)', 'if (false)'],
  ]),
  ...guards(`${folder}/usable-certificate.ts`, parts, [
    [
      'a certificate is served for the name in it',
      '.includes(`DNS:${name}`)) return',
      '.includes(`DNS:`)) void',
    ],
  ]),
  ...guards(`${folder}/order-quota.ts`, parts, [
    [
      'twenty names an hour are ordered because somebody asked',
      'this.#ordered.length >= ordersPerHour',
      'this.#ordered.length >= Infinity',
    ],
  ]),
  ...guards(`${folder}/seen-names.ts`, orders, [
    ['strangers make a connector look into few names', 'if (!this.#looks.take()) return undefined;', ''],
  ]),
  ...guards(`${folder}/acme-certificates.ts`, orders, [
    [
      'a certificate that is over is not served',
      'this.#options.nowMs() < held.untilMs ? held',
      'held.untilMs > 0 ? held',
    ],
  ]),
  ...guards(`${folder}/acme-account.ts`, orders, [
    ['a damaged account key is not replaced', 'if (!isKey(known.key)) throw this.#damaged();', ''],
  ]),
];
