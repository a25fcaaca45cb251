/** API tokens: what each may be used for, until when, when it was last used; made with its text shown once, and revoked. */
import { useState } from 'react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { ApiTokenEntry } from '../../../../protocol/inventory.ts';
import { scopes as everyScope, tokenRoles, type Scope, type TokenRole } from '../../../../protocol/roles.ts';
import { tokensQuery } from '../../admin-queries.ts';
import { admin } from '../../api/admin.ts';
import { AddButton } from '../../ui/add-button.tsx';
import { Button } from '../../ui/button.tsx';
import { DataTable, type Column } from '../../ui/data-table.tsx';
import { Check, Field, Select } from '../../ui/field.tsx';
import { Foreign } from '../../ui/foreign.tsx';
import { Ago, Instant } from '../../ui/instant.tsx';
import { MakeDialog } from '../../ui/make-dialog.tsx';
import { ShownOnce } from '../../ui/shown-once.tsx';
import { EmptyState, Loaded } from '../../ui/states.tsx';
import { SignInAgain, useMayNow } from '../fresh.tsx';
import { useNames } from '../log/use-names.ts';
import { useQuestion } from '../use-question.tsx';
import { lifetimes } from './lifetimes.ts';
import { roleTexts } from './role-texts.ts';

const roleOptions = tokenRoles.map((each) => ({ value: each, label: each }));
const isReader = (role: TokenRole): boolean => role === 'auditor' || role === 'support';

export default function Tokens() {
  const tokens = useQuery(tokensQuery);
  const names = useNames();
  const mayNow = useMayNow();
  const [making, setMaking] = useState(false);
  const [confirm, ask] = useQuestion();
  const writing = mayNow('tokens.write');
  const make =
    writing === 'yes' ? (
      <AddButton small onClick={() => setMaking(true)}>
        Make a token
      </AddButton>
    ) : undefined;
  const revoke = (token: ApiTokenEntry, all: readonly ApiTokenEntry[]): void => {
    const called = token.name || token.id;
    const isLast = token.role === 'admin' && all.filter(({ role }) => role === 'admin').length === 1;
    ask({
      title: `Revoke the token ${called}?`,
      text: isLast
        ? 'Whoever bears it is refused from now on. It is the last token with the role admin: without it, only people with a role administer.'
        : 'Whoever bears it is refused from now on.',
      yes: 'Revoke it',
      done: `The token ${called} is revoked.`,
      run: () => admin.deleteToken(token.id, isLast),
    });
  };
  const setRole = ({ id, name, role }: ApiTokenEntry, next: TokenRole): void => {
    ask({
      title: `Make the token ${name || id} ${next}?`,
      text: `In place of ${role}: ${roleTexts[next]}. It counts, within the token's scopes, from its next request on.`,
      yes: `Make it ${next}`,
      done: `The token ${name || id} is ${next} now.`,
      run: () => admin.setTokenRole(id, next),
    });
  };
  return (
    <>
      <div className="flex flex-wrap items-start justify-between gap-x-6 gap-y-3">
        <p className="max-w-2xl min-w-0 flex-1 basis-72 text-quiet text-pretty">
          Programs administer with a token: the command line, continuous integration, your own. People do
          without, by their role.
        </p>
        {tokens.data === undefined || tokens.data.length === 0 ? undefined : make}
      </div>
      {writing === 'not-fresh' ? (
        <SignInAgain>
          A token outlasts your session, so it is made and revoked right after signing in.
        </SignInAgain>
      ) : undefined}
      <Loaded what="The tokens" query={tokens}>
        {(list) => (
          <>
            <DataTable
              name="tokens"
              rows={list}
              columns={columnsWith(names)}
              keyOf={({ id }) => id}
              actionsWidth="w-40 sm:w-60"
              {...(writing === 'yes'
                ? {
                    renderActions: (token: ApiTokenEntry) => (
                      <div className="flex flex-wrap items-center justify-end gap-1">
                        <Select
                          bare
                          label={`Role of the token ${token.name || token.id}`}
                          className="w-32"
                          value={token.role}
                          options={roleOptions}
                          onChange={(event) => setRole(token, event.target.value as TokenRole)}
                        />
                        <Button small tone="quiet" onClick={() => revoke(token, list)}>
                          Revoke<span className="sr-only"> the token {token.name || token.id}</span>
                        </Button>
                      </div>
                    ),
                  }
                : {})}
              empty={
                <EmptyState title="No API token">
                  <p>Make one for a program that administers, or reads, by the API.</p>
                  {make}
                </EmptyState>
              }
            />
          </>
        )}
      </Loaded>
      {making ? <MakeToken onClose={() => setMaking(false)} /> : undefined}
      {confirm}
    </>
  );
}

const scopeTexts: Readonly<Record<Scope, string>> = {
  read: 'Read',
  write: 'Change everything but enrolment keys',
  provision: 'Make enrolment keys',
};

function MakeToken({ onClose }: { readonly onClose: () => void }) {
  const queries = useQueryClient();
  const [name, setName] = useState('');
  const [role, setRole] = useState<TokenRole>('admin');
  const [scopes, setScopes] = useState<readonly Scope[]>(everyScope);
  const [expires, setExpires] = useState('90d');
  const send = () =>
    admin.makeToken({
      role,
      scopes: isReader(role) ? ['read'] : [...scopes],
      ...(name === '' ? {} : { name }),
      ...(expires === '' ? {} : { expires }),
    });
  const make = useMutation({
    mutationFn: send,
    onSuccess: () => queries.invalidateQueries({ queryKey: ['admin', 'tokens'] }),
  });
  return (
    <MakeDialog
      title={make.data === undefined ? 'Make an API token' : `The token ${name}`}
      work={make}
      yes="Make the token"
      incomplete={!isReader(role) && scopes.length === 0}
      refused="The token could not be made"
      code={send}
      onClose={onClose}
      form={
        <>
          <Field
            label="Name"
            placeholder="reports"
            hint="For you, to know it again: small letters, digits, dots and hyphens."
            value={name}
            onChange={(event) => setName(event.target.value.toLowerCase().trim())}
          />
          <Select
            label="Role"
            value={role}
            hint={`May: ${roleTexts[role]}.`}
            options={roleOptions}
            onChange={(event) => setRole(event.target.value as TokenRole)}
          />
          {isReader(role) ? undefined : (
            <fieldset className="grid gap-2">
              <legend className="mb-1 text-small font-medium">What it may be used for</legend>
              {everyScope.map((scope) => (
                <Check
                  key={scope}
                  label={scopeTexts[scope]}
                  checked={scopes.includes(scope)}
                  onChange={(event) =>
                    setScopes(
                      everyScope.filter((each) =>
                        each === scope ? event.target.checked : scopes.includes(each),
                      ),
                    )
                  }
                />
              ))}
            </fieldset>
          )}
          <Select
            label="Ends after"
            value={expires}
            options={lifetimes}
            onChange={(event) => setExpires(event.target.value)}
          />
        </>
      }
    >
      {({ token }) => (
        <>
          <ShownOnce what="The token" text={token}>
            Whoever has this token administers within its role and scopes.
          </ShownOnce>
          <p className="text-small text-quiet">
            The command line takes it from a file named in POSTERN_TOKEN_FILE, so that no list of processes
            shows it.
          </p>
        </>
      )}
    </MakeDialog>
  );
}

function columnsWith(names: ReadonlyMap<string, string>): readonly Column<ApiTokenEntry>[] {
  return [
    {
      id: 'name',
      head: 'Token',
      value: ({ name, id, role, createdBy }) =>
        `${name || id} ${role}, made by ${names.get(createdBy) ?? createdBy}`,
      cell: ({ name, id, role, scopes, createdBy }) => (
        <>
          <Foreign text={name || id} limit={63} className="font-medium" />
          <span className="block text-note text-quiet">
            {role}
            {isReader(role) || scopes.length === everyScope.length ? '' : `, only ${scopes.join(' and ')}`}
            {' · made by '}
            <Foreign text={names.get(createdBy) ?? createdBy} limit={60} />
          </span>
        </>
      ),
    },
    {
      id: 'expires',
      head: 'Ends',
      from: 'lg',
      width: 'w-52',
      value: ({ expires }) => expires ?? '',
      cell: ({ expires }) =>
        expires === null ? (
          <span className="text-quiet">never</span>
        ) : Date.parse(expires) < Date.now() ? (
          <span className="text-bad">over</span>
        ) : (
          <Instant instant={expires} />
        ),
    },
    {
      id: 'lastUsed',
      head: 'Last used',
      from: 'sm',
      width: 'w-28',
      value: ({ lastUsed }) => lastUsed ?? '',
      cell: ({ lastUsed }) =>
        lastUsed === null ? <span className="text-quiet">never</span> : <Ago instant={lastUsed} />,
    },
  ];
}
