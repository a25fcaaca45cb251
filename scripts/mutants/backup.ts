/** Guards of a restored controller: nothing that happened since its backup works in anybody's favour. */
import { guards, type Mutant } from './mutant.ts';

const tests = ['test/controller/backup.test.ts'];
const nodes = ['test/e2e/restore.test.ts'];

export const backupMutants: readonly Mutant[] = [
  ...guards('controller/backup/settle-restored.ts', nodes, [
    [
      'restored: epochs go on',
      'const epoch = await tx.raiseEpoch(nowMs);',
      'const epoch = await tx.raiseEpoch(0);',
    ],
    [
      'restored: a one-time key is used up',
      "  await tx.delete('enrolment_keys').where('uses_left', 'is not', null).execute();\n",
      '',
    ],
    ['restored: sessions end', 'if (!keepsSessions)', 'if (keepsSessions)'],
  ]),
  ...guards('controller/backup/settle-restored.ts', tests, [
    ['restored: links are used up', 'for (const table of oneTime) await tx.delete(table).execute();', ''],
  ]),
  ...guards('controller/backup/restore-backup.ts', tests, [
    ['restored: into an empty folder alone', 'if (there !== undefined)', 'if (false as boolean)'],
  ]),
  ...guards('controller/backup/backup-file.ts', tests, [
    ['restored: nothing damaged', "if (damage !== 'ok')", 'if (damage === undefined)'],
  ]),
  ...guards('connector/hearing.ts', nodes, [
    ['a connector forgets what a lost key signed', 'if (hasLost) this.#forgetSigned();', ''],
  ]),
  ...guards(
    'connector/web/web-sessions.ts',
    ['test/web-door/sessions.test.ts'],
    [
      [
        'the web door forgets what a lost key signed',
        'if (signed[at] !== true) this.#drop(jti);',
        'if (signed[at] === undefined) this.#drop(jti);',
      ],
    ],
  ),
  ...guards(
    'relay/ticket-watch.ts',
    ['test/relay/relay.test.ts'],
    [
      [
        'a relay forgets tickets that a lost key signed',
        "if (node.ticket === ticket) node.close('revoked');",
        '',
      ],
    ],
  ),
];
