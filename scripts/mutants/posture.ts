/** The guards of what devices tell and what others say of them: who may say it, what is believed, what is collected. */
import { guards, type Mutant } from './mutant.ts';

const webhook = ['test/controller/posture/webhook.test.ts'];
const poll = ['test/controller/posture/poll.test.ts'];
const dryRun = ['test/controller/posture/dry-run.test.ts'];
const disks = ['test/client/posture/disk-encryption.test.ts'];
const firewall = ['test/client/posture/firewall.test.ts'];
const facts = ['test/client/posture/linux-facts.test.ts'];
const real = ['test/client/posture/real-machine.test.ts'];

export const postureMutants: readonly Mutant[] = [
  ...guards('controller/posture/authenticate-source.ts', webhook, [
    [
      'only the secret of the webhook lets a source in',
      '!proven || isWebhook !== true',
      'isWebhook !== true',
    ],
    ['the token by which a source is asked lets nobody in', '!proven || isWebhook !== true', '!proven'],
    ['wrong secrets of one address are counted', 'throttle.fail(address);', ''],
  ]),
  ...guards('controller/posture/source-secrets.ts', webhook, [
    [
      'a source without a secret is never proven',
      'return same && stored !== undefined;',
      'return stored !== undefined;',
    ],
    [
      'a source that is gone takes what it said along',
      "await tx.delete('posture_verdicts').where('source', '=', name).execute();",
      '',
    ],
    [
      'the secret of a webhook stays out of the document',
      '...(webhook === undefined ? {} : { webhook: {} }),',
      '...(webhook === undefined ? {} : { webhook }),',
    ],
  ]),
  ...guards('controller/posture/take-verdicts.ts', webhook, [
    [
      'an older word does not replace a newer one',
      'if (before === undefined || verdict.at_ms > before.at_ms) return true;',
      'if (before === undefined || verdict.at_ms !== before.at_ms) return true;',
    ],
    [
      'of two verdicts at one instant the worse counts',
      'return verdict.at_ms === before.at_ms && verdict.compliant < before.compliant;',
      'return false;',
    ],
    ['a clock that runs ahead makes no verdict fresher', 'Math.min(givenMs, nowMs)', 'givenMs'],
    [
      'a verdict names exactly one device',
      "(serial === undefined) === (device === undefined) || subject === ''",
      "subject === ''",
    ],
    [
      'devices are decided anew before a webhook is answered',
      "if (devices.length > 0) await context.publish(organisation.id, { kind: 'devices', devices });",
      '',
    ],
  ]),
  ...guards('controller/posture/source-poller.ts', poll, [
    [
      'a redirect of a source is not followed',
      "if (answer.status >= 300 && answer.status < 400) return 'It redirects elsewhere, which is not followed.';",
      '',
    ],
    [
      'an answer that has not its form is not believed in part',
      'if (!isReport.Check(report)) {',
      'if (report === 0) {',
    ],
  ]),
  ...guards('controller/posture/device-claims.ts', webhook, [
    [
      'only sources of the document speak',
      'if (sources.size === 0) return found;',
      'if (sources.size !== 0) return found;',
    ],
    [
      'a serial number counts only when it is listed',
      'listedSerials(document).has(serial)',
      'listedSerials(document).size > 0',
    ],
  ]),
  ...guards('controller/posture/report.ts', dryRun, [
    [
      'of a report nothing is kept that has no bounds',
      '.filter(([key]) => Object.hasOwn(PostureFacts.properties, key))',
      '',
    ],
  ]),
  ...guards(
    'controller/posture/report.ts',
    ['test/attack/posture-flood.test.ts'],
    [
      [
        'reports that change without end are decided a few times',
        'if (isWaiting || (isNews && credit < 1)) {',
        'if (isWaiting) {',
      ],
      [
        'a report that is repeated is decided once',
        'if (!isNews && Math.abs(nowMs - last.takenMs) < repeatMs) return;',
        '',
      ],
    ],
  ),
  ...guards('controller/posture/wanted.ts', dryRun, [
    ['a device is asked for what its own system needs alone', 'os === undefined ? systems : [os]', 'systems'],
  ]),
  ...guards('client/posture/linux/disk-encryption.ts', disks, [
    ['one plain disk makes a volume plain', 'if (found.includes(false)) return false;', ''],
    [
      'what is for integrity alone encrypts nothing',
      '/^CRYPT-(LUKS\\d|PLAIN|TCRYPT|LOOPAES|BITLK|FVAULT2)(-|$)/',
      '/^CRYPT-/',
    ],
    ['a plain home beside an encrypted root is seen', "['/', '/home'].map", "['/'].map"],
  ]),
  ...guards('client/posture/linux/firewall.ts', firewall, [
    [
      'rules that ask for something are no firewall',
      'const verdict = statements.find((each) => !isAside(each));',
      "const verdict = statements.find((each) => 'drop' in each || 'reject' in each || 'jump' in each);",
    ],
    ['only what comes in counts', "chain.hook === 'input' &&", ''],
    [
      'rules that cannot be read are not off',
      'if (byNft === false && (legacy === undefined || byTables === false)) return false;',
      'if (byNft !== true) return false;',
    ],
  ]),
  ...guards('client/posture/linux/secure-boot.ts', facts, [
    ['a shim that checks nothing is no secure boot', 'state === 1 && !unchecked', 'state === 1'],
    ['a container says nothing about the machine', 'if (firmware.length === 0) return {};', ''],
  ]),
  ...guards('client/posture/serial-number.ts', facts, [
    ['a placeholder is no serial number', 'placeholders.has(bare) ||', ''],
    ['the same character over and over is no serial number', '/^(.)\\1*$/.test(bare) ||', ''],
  ]),
  ...guards('client/posture/machine.ts', real, [
    ['a program that prints without end is given up', 'maxBuffer: maxBytes,', 'maxBuffer: Infinity,'],
  ]),
  ...guards('client/posture/collect.ts', real, [
    ['a collector that fails takes no other along', '    return {};\n  }', '    throw new Error();\n  }'],
  ]),
];
