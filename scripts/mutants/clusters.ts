/** Guards of records on PostgreSQL, and of what several controllers share. */
import { guards, type Mutant } from './mutant.ts';

const store = ['test/controller/store-contract.test.ts'];
const live = ['test/controller/live-contract.test.ts'];
const lost = ['test/controller/redis-loss.test.ts'];
const together = ['test/controller/cluster.test.ts'];

export const clustersMutants: readonly Mutant[] = [
  ...guards(
    'controller/store/move-records.ts',
    ['test/controller/move-records.test.ts'],
    [
      ['records move into an empty database alone', 'if (rows.length > 0)\n', 'if (rows.length > 1e9)\n'],
      ['moved rows are compared', '|| ours.end() !== theirs.end()', ''],
      [
        'records that a controller has open do not move',
        "database.exec('pragma journal_mode = delete');",
        '',
      ],
    ],
  ),
  ...guards(
    'controller/open-controller.ts',
    ['test/controller/move-records.test.ts'],
    [
      [
        'no controller starts with records that were moved',
        'if (place !== undefined)',
        'if (place === null)',
      ],
    ],
  ),
  ...guards('controller/store/database.ts', store, [
    [
      'transactions of one organisation come one after the other over all controllers',
      'await sql`select pg_advisory_xact_lock(hashtextextended(${owner}, 0))`.execute(tx);',
      '',
    ],
  ]),
  ...guards(
    'controller/store/gathered.ts',
    ['test/controller/gathered.test.ts'],
    [
      [
        'of those who are answered together one that fails takes no other along',
        'if (batch.length > 1 && !(error instanceof UnusableDatabase)) return false;',
        '',
      ],
      [
        'a database that is away holds up those who are answered together once',
        ' && !(error instanceof UnusableDatabase)',
        '',
      ],
    ],
  ),
  ...guards(
    'controller/store/shared-commit.ts',
    ['test/controller/shared-commit.test.ts'],
    [
      ['a shared commit does not wait for itself', 'refuseBesideTransaction();', ''],
      [
        'what hangs on a right shares no commit',
        'if (isUnderGuard()) return this.#store.transaction(work);',
        '',
      ],
    ],
  ),
  ...guards('controller/store/migrations/append-only.ts', store, [
    [
      'an audit entry never appears below one that was read',
      'perform pg_advisory_xact_lock(hashtextextended(new.organisation, 0));',
      '',
    ],
  ]),
  ...guards('controller/store/bound-value.ts', store, [
    [
      'what a driver would change is not stored',
      'throw new TypeError(`a ${typeof value} cannot be bound to a query`);',
      'return null;',
    ],
  ]),
  ...guards('controller/store/postgres-columns.ts', store, [
    ['text compares by its bytes', `'text collate "C"'`, `'text'`],
  ]),
  ...guards('controller/live/kept-values.ts', live, [
    ['a value is taken once', '    this.#kept.delete(key);\n    return', '    return'],
    [
      'a value is not taken after its time',
      'kept.expiresMs > this.#now() ? kept.value',
      'kept.expiresMs > 0 ? kept.value',
    ],
  ]),
  ...guards('controller/live/redis-kept-values.ts', live, [
    ['a value in Redis is not taken after its time', 'if (expiresMs <= now()) return undefined;', ''],
  ]),
  ...guards('controller/live/news.ts', live, [
    ['news count once', "if (known !== undefined && n <= known.n) return 'again';", ''],
  ]),
  ...guards('controller/live/redis-kept-values.ts', lost, [
    [
      'what Redis may have is kept nowhere else',
      "if (error instanceof NoAnswer && error.state === 'not-done') return",
      'if (error instanceof NoAnswer) return',
    ],
    [
      'a Redis that has what was taken again gives it to nobody',
      'return isFirst ? value : undefined;',
      'return value;',
    ],
  ]),
  ...guards('controller/control/missed-news.ts', lost, [
    ['controllers that are apart look into the store', '} else this.#run(() => this.#poll());', '}'],
  ]),
  ...guards('controller/decisions/act-on-change.ts', together, [
    [
      'what another controller put into force in between is decided anew',
      'const follows = before?.revision === revision - 1;',
      'const follows = true;',
    ],
  ]),
  ...guards('controller/control/control-server.ts', together, [
    [
      'a newer process at another controller fences the older',
      'return this.#byNode.get(message.node)?.conversation.yieldTo(message.channel, message.boot);',
      'return;',
    ],
  ]),
  ...guards('controller/live/controller-watch.ts', together, [
    ['what a controller left is done by another', 'await takeOver();', ''],
    [
      'a controller that runs is left alone',
      'else if (known.beats !== beats) {',
      'else if (known.beats < 0) {',
    ],
  ]),
];
