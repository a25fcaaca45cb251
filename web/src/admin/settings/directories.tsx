/** Directories (SCIM 2.0): when each was heard, whether it stopped and asks, and the tokens by which it comes in. */
import { useState, type ReactNode } from 'react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { DirectoryEntry } from '../../../../protocol/directories.ts';
import { directoriesQuery } from '../../admin-queries.ts';
import { admin } from '../../api/admin.ts';
import { useMay } from '../../shell/may.ts';
import { Badge } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { CodeBlock } from '../../ui/code-block.tsx';
import { counted } from '../../ui/counted.ts';
import { Entry, EntryList, NoEntry } from '../../ui/entry-list.tsx';
import { Facts } from '../../ui/facts.tsx';
import { Select } from '../../ui/field.tsx';
import { Foreign } from '../../ui/foreign.tsx';
import { FoundList } from '../../ui/found-list.tsx';
import { Ago, Instant } from '../../ui/instant.tsx';
import { MakeDialog } from '../../ui/make-dialog.tsx';
import { Notice } from '../../ui/notice.tsx';
import { Panel } from '../../ui/panel.tsx';
import { ShownOnce } from '../../ui/shown-once.tsx';
import { Loaded } from '../../ui/states.tsx';
import type { Filter, ListField } from '../../ui/use-found.ts';
import { SignInAgain, useMayNow } from '../fresh.tsx';
import { useIsShort } from '../../ui/use-is-short.ts';
import { useNames } from '../log/use-names.ts';
import { useQuestion } from '../use-question.tsx';
import { lifetimes } from './lifetimes.ts';

/** Only where a provider has one. */
export function Directories() {
  const list = useQuery(directoriesQuery);
  return (
    <Loaded what="The directories" query={list}>
      {(all) =>
        all.length < 2 ? (
          all.map((directory) => <Directory key={directory.name} directory={directory} />)
        ) : (
          <FoundList
            name="directories"
            one="directory"
            list="directories"
            rows={all}
            fields={fields}
            filters={filters}
          >
            {(found) => (
              <div className="grid gap-6">
                {found.map((directory) => (
                  <Directory key={directory.name} directory={directory} />
                ))}
              </div>
            )}
          </FoundList>
        )
      }
    </Loaded>
  );
}

const fields: readonly ListField<DirectoryEntry>[] = [
  { id: 'name', head: 'Name', value: ({ name }) => name },
  { id: 'heard', head: 'Heard', value: ({ heard = '' }) => heard },
  { id: 'users', head: 'People', value: ({ users }) => users },
  { id: 'groups', head: 'Groups', value: ({ groups }) => groups },
];

const filters: readonly Filter<DirectoryEntry>[] = [
  {
    id: 'state',
    label: 'State',
    options: [
      { value: 'stopped', label: 'stopped' },
      { value: 'never', label: 'never heard' },
    ],
    takes: ({ stopped, heard }, state) =>
      state === 'stopped' ? stopped !== undefined : stopped === undefined && heard === undefined,
  },
];

type Token = DirectoryEntry['tokens'][number];

const tokenFields: readonly ListField<Token>[] = [
  { id: 'id', head: 'Id', value: ({ id }) => id },
  { id: 'created', head: 'Made', value: ({ created }) => created },
  { id: 'lastUsed', head: 'Last used', value: ({ lastUsed = '' }) => lastUsed },
  { id: 'expires', head: 'Ends', value: ({ expires = '' }) => expires },
];

function Directory({ directory }: { readonly directory: DirectoryEntry }) {
  const { name, url, heard, stopped, allowedUntil, users, active, joined, groups, tokens } = directory;
  const may = useMay();
  const mayNow = useMayNow();
  const names = useNames();
  const [making, setMaking] = useState(false);
  const [confirm, ask] = useQuestion();
  const writing = mayNow('directories.write-tokens');
  const makeOne =
    writing === 'yes' ? (
      <Button small tone="secondary" onClick={() => setMaking(true)}>
        Make a token<span className="sr-only"> for the directory of {name}</span>
      </Button>
    ) : undefined;
  return (
    <Panel title={`The directory of ${name}`} aside={makeOne}>
      {stopped === undefined ? undefined : (
        <div className="px-5 pt-4">
          <Notice tone="bad" title="It stopped, and asks">
            <p className="mb-3">
              <Instant instant={stopped} />: what it wanted to take away would have been too many people at
              once. Nothing more is taken away until somebody has looked at the directory and says that this
              is meant.
            </p>
            {may('directories.resume') ? (
              <Button
                small
                tone="secondary"
                onClick={() =>
                  ask({
                    title: `Let the directory of ${name} take away what it likes?`,
                    text: 'For an hour it may disable and remove people and groups without a bound. Whoever it removes loses everything they have open at once.',
                    yes: 'Let it, for an hour',
                    done: `The directory of ${name} goes on.`,
                    run: () => admin.resumeDirectory(name),
                  })
                }
              >
                It is meant: let it go on
              </Button>
            ) : undefined}
          </Notice>
        </div>
      )}
      <Facts
        facts={[
          [
            'State',
            stopped !== undefined ? (
              <Badge key="state" tone="bad">
                Stopped
              </Badge>
            ) : heard === undefined ? (
              <Badge key="state" tone="wait">
                Never heard
              </Badge>
            ) : (
              <span key="state">
                <Badge tone="good">In touch</Badge>{' '}
                <span className="text-quiet">
                  heard <Ago instant={heard} />
                </span>
              </span>
            ),
          ],
          allowedUntil === undefined
            ? undefined
            : [
                'Without a bound',
                <span key="until">
                  until <Instant instant={allowedUntil} />
                </span>,
              ],
          [
            'Tells of',
            `${counted(users, 'person', 'people')}, ${active} active, ${joined} of whom signed in here; ${counted(groups, 'group')}`,
          ],
          ['Address for it', <CodeBlock key="url" what="The address for the directory" text={url} />],
        ]}
      />
      <div className="border-t border-line">
        {writing === 'not-fresh' ? (
          <div className="p-4">
            <SignInAgain>A token of a directory outlasts your session.</SignInAgain>
          </div>
        ) : undefined}
        {tokens.length === 0 ? (
          <NoEntry>It has no token yet, so it cannot come in.</NoEntry>
        ) : (
          <TokenList name={name} tokens={tokens}>
            {(found) =>
              found.map(({ id, created, createdBy, expires, lastUsed }) => (
                <Entry
                  key={id}
                  name={<span className="font-mono text-small">{id}</span>}
                  note={
                    <>
                      made <Ago instant={created} />
                      <Foreign text={` by ${names.get(createdBy) ?? createdBy}`} limit={80} />
                    </>
                  }
                  aside={
                    <>
                      <span>
                        {lastUsed === undefined ? (
                          'never used'
                        ) : (
                          <>
                            used <Ago instant={lastUsed} />
                          </>
                        )}
                      </span>
                      <span>
                        {expires === undefined ? (
                          'never ends'
                        ) : (
                          <>
                            ends <Instant instant={expires} />
                          </>
                        )}
                      </span>
                    </>
                  }
                  actions={
                    writing === 'yes' ? (
                      <Button
                        small
                        tone="quiet"
                        onClick={() =>
                          ask({
                            title: 'Delete this token?',
                            text: 'The directory is refused with it from now on.',
                            yes: 'Delete it',
                            done: 'The token is deleted.',
                            run: () => admin.deleteDirectoryToken(name, id),
                          })
                        }
                      >
                        Delete<span className="sr-only"> the token {id}</span>
                      </Button>
                    ) : undefined
                  }
                />
              ))
            }
          </TokenList>
        )}
      </div>
      {making ? <MakeDirectoryToken name={name} onClose={() => setMaking(false)} /> : undefined}
      {confirm}
    </Panel>
  );
}

/** A few stand as they are; more are found and sorted, each directory's by itself. */
function TokenList({
  name,
  tokens,
  children,
}: {
  readonly name: string;
  readonly tokens: readonly Token[];
  readonly children: (found: readonly Token[]) => ReactNode;
}) {
  const label = `Tokens of ${name}`;
  const list = `tokens-${name}`;
  const isShort = useIsShort(tokens.length, [], list);
  if (isShort) return <EntryList label={label}>{children(tokens)}</EntryList>;
  return (
    <div className="px-5 pt-4">
      <FoundList name="tokens" list={list} rows={tokens} fields={tokenFields}>
        {(found) => (
          <div className="-mx-5 border-t border-line">
            <EntryList label={label}>{children(found)}</EntryList>
          </div>
        )}
      </FoundList>
    </div>
  );
}

function MakeDirectoryToken({ name, onClose }: { readonly name: string; readonly onClose: () => void }) {
  const queries = useQueryClient();
  const [expires, setExpires] = useState('365d');
  const send = () => admin.makeDirectoryToken(name, expires);
  const make = useMutation({
    mutationFn: send,
    onSuccess: () => queries.invalidateQueries({ queryKey: ['admin', 'directories'] }),
  });
  return (
    <MakeDialog
      title={`A token for the directory of ${name}`}
      work={make}
      yes="Make the token"
      refused="The token could not be made"
      code={send}
      onClose={onClose}
      form={
        <Select
          label="Ends after"
          value={expires}
          options={lifetimes}
          onChange={(event) => setExpires(event.target.value)}
        />
      }
    >
      {({ token }) => (
        <ShownOnce what="The token" text={token}>
          Whoever has this token tells of people and groups, and of nothing else.
        </ShownOnce>
      )}
    </MakeDialog>
  );
}
