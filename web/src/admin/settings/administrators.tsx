/** Who administers, with which role, and whether a second one has to approve each change of the document. */
import { useState } from 'react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { Administrator } from '../../../../protocol/administrators.ts';
import { roles, type Role } from '../../../../protocol/roles.ts';
import { administratorsQuery, peopleQuery } from '../../admin-queries.ts';
import { admin, type DocumentInForce } from '../../api/admin.ts';
import { useMay, useMe } from '../../shell/may.ts';
import { AddButton } from '../../ui/add-button.tsx';
import { Badge } from '../../ui/badge.tsx';
import { AsCode } from '../../ui/as-code.tsx';
import { Button } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { Entry } from '../../ui/entry-list.tsx';
import { EntryPanel } from '../../ui/entry-panel.tsx';
import { Field, Select } from '../../ui/field.tsx';
import { Foreign } from '../../ui/foreign.tsx';
import { Ago } from '../../ui/instant.tsx';
import { Notice } from '../../ui/notice.tsx';
import { Loaded } from '../../ui/states.tsx';
import { SignInAgain, useMayNow } from '../fresh.tsx';
import { useNames } from '../log/use-names.ts';
import { useQuestion } from '../use-question.tsx';
import { InvitationList } from './invitations.tsx';
import { roleTexts } from './role-texts.ts';
import { SecondAdministrator } from './second-administrator.tsx';
import type { ListField } from '../../ui/use-found.ts';

export default function Administrators({ base }: { readonly base: DocumentInForce }) {
  const list = useQuery(administratorsQuery);
  const mayNow = useMayNow();
  const [adding, setAdding] = useState(false);
  const writing = mayNow('administrators.write');
  const mayGive = useRoles(list.data ?? []);
  return (
    <>
      <Loaded what="The administrators" query={list}>
        {(found) => (
          <>
            {writing === 'not-fresh' ? (
              <SignInAgain>
                A role outlasts your session, so it is given and taken right after signing in.
              </SignInAgain>
            ) : undefined}
            <EntryPanel
              title="Administrators"
              name="administrators"
              fields={fields}
              entries={found}
              empty={{
                title: 'Nobody has a role yet',
                text: 'API tokens administer until the first person has one.',
              }}
              add={
                writing === 'yes' ? (
                  <AddButton small onClick={() => setAdding(true)}>
                    Add an administrator
                  </AddButton>
                ) : undefined
              }
            >
              {(each) => <Row key={each.id} administrator={each} all={found} writing={writing === 'yes'} />}
            </EntryPanel>
            {adding && writing === 'yes' ? (
              <AddAdministrator all={found} onClose={() => setAdding(false)} />
            ) : undefined}
          </>
        )}
      </Loaded>
      <InvitationList writing={writing === 'yes'} roles={mayGive} />
      <SecondAdministrator key={base.revision} base={base} />
    </>
  );
}

const fields: readonly ListField<Administrator>[] = [
  { id: 'name', head: 'Name', value: ({ email, name }) => `${name} ${email ?? ''}`.trim() },
  { id: 'role', head: 'Role', value: ({ role }) => role },
  { id: 'provider', head: 'Provider', value: ({ provider }) => provider ?? '' },
  { id: 'since', head: 'Since', value: ({ since }) => since ?? '' },
];

/** Owners are for owners, once there is one; the last stays. */
function useRoles(all: readonly Administrator[]): readonly Role[] {
  const me = useMe();
  const mayOwners = me.administrator.role === 'owner' || all.every(({ role }) => role !== 'owner');
  return roles.filter((role) => role !== 'owner' || mayOwners);
}

function Row({
  administrator: { id, name, email, provider, role, disabled, since, givenBy },
  all,
  writing,
}: {
  readonly administrator: Administrator;
  readonly all: readonly Administrator[];
  readonly writing: boolean;
}) {
  const me = useMe();
  const names = useNames();
  const queries = useQueryClient();
  const [confirm, ask] = useQuestion();
  const may = useRoles(all);
  const isLastOwner =
    role === 'owner' &&
    !disabled &&
    all.filter((each) => each.role === 'owner' && !each.disabled).length === 1;
  const changes = writing && may.includes(role) && !isLastOwner;
  const called = email ?? name;
  const give = (next: Role) =>
    ask({
      title: `Make ${called} ${next}?`,
      text: `In place of ${role}: ${roleTexts[next]}. It counts from their next sign-in.`,
      yes: `Make ${next}`,
      done: `${called} is ${next} from the next sign-in on.`,
      run: () => admin.setRole(id, next),
      undo: async () => {
        await admin.setRole(id, role);
        await queries.invalidateQueries({ queryKey: ['admin'] });
      },
    });
  return (
    <>
      <Entry
        name={
          <>
            <Foreign text={name} limit={80} />
            {id === me.person.id ? <span className="font-normal text-quiet"> (you)</span> : undefined}
          </>
        }
        note={
          <>
            {email === undefined ? undefined : (
              <>
                <Foreign text={email} limit={100} /> ·{' '}
              </>
            )}
            {provider === undefined ? (
              'signs in at this controller'
            ) : (
              <>
                signs in with <Foreign text={provider} limit={63} />
              </>
            )}
            {since === null ? undefined : (
              <>
                {' '}
                · since <Ago instant={since} />
                {givenBy === null ? undefined : (
                  <Foreign text={`, by ${names.get(givenBy) ?? givenBy}`} limit={90} />
                )}
              </>
            )}
          </>
        }
        aside={
          <>
            {disabled ? <Badge tone="bad">Disabled</Badge> : undefined}
            {changes ? (
              <Select
                bare
                label={`Role of ${called}`}
                className="w-36"
                value={role}
                options={may.map((each) => ({ value: each, label: each }))}
                onChange={(event) => give(event.target.value as Role)}
              />
            ) : (
              <Badge tone="plain">{role}</Badge>
            )}
          </>
        }
        actions={
          changes ? (
            <Button
              small
              tone="quiet"
              onClick={() =>
                ask({
                  title: `Take the role of ${called}?`,
                  text: 'They administer nothing from their next request on. What they may use stays as the policies say.',
                  yes: 'Take it',
                  done: `${called} administers nothing any more.`,
                  run: () => admin.takeRole(id),
                })
              }
            >
              Remove<span className="sr-only"> {called}</span>
            </Button>
          ) : isLastOwner && writing ? (
            <span className="px-3 text-small text-quiet">the last owner</span>
          ) : undefined
        }
      />
      {confirm}
    </>
  );
}

function AddAdministrator({
  all,
  onClose,
}: {
  readonly all: readonly Administrator[];
  readonly onClose: () => void;
}) {
  const may = useMay();
  const queries = useQueryClient();
  const people = useQuery({ ...peopleQuery, enabled: may('people.read') });
  const [email, setEmail] = useState('');
  const [role, setRole] = useState<Role>('admin');
  const options = useRoles(all);
  const without = (people.data ?? []).filter(({ id }) => all.every((each) => each.id !== id));
  const person = without.find((each) => (each.email ?? each.name) === email);
  const give = useMutation({
    mutationFn: async () => (person === undefined ? undefined : admin.setRole(person.id, role)),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ['admin'] });
      onClose();
    },
  });
  return (
    <Dialog
      title="Add an administrator"
      lead="Somebody who has signed in here before; invite whoever has not. The role counts from their next sign-in."
      onClose={onClose}
      foot={
        <>
          <Button tone="secondary" onClick={onClose}>
            Cancel
          </Button>
          <Button busy={give.isPending} disabled={person === undefined} onClick={() => give.mutate()}>
            Give the role
          </Button>
        </>
      }
    >
      <Field
        label="Person"
        placeholder="bob@acme.example"
        list="people-without-role"
        value={email}
        hint={
          email !== '' && person === undefined
            ? 'Nobody without a role has signed in under this address yet.'
            : 'By e-mail address.'
        }
        onChange={(event) => setEmail(event.target.value.trim())}
      />
      <datalist id="people-without-role">
        {without.slice(0, 500).map(({ id, email: address, name }) => (
          <option key={id} value={address ?? name} />
        ))}
      </datalist>
      <Select
        label="Role"
        value={role}
        hint={`May: ${roleTexts[role]}.`}
        options={options.map((each) => ({ value: each, label: each }))}
        onChange={(event) => setRole(event.target.value as Role)}
      />
      {person === undefined ? undefined : <AsCode call={admin.setRole(person.id, role)} />}
      {give.error === null ? undefined : (
        <Notice tone="bad" title="The role was not given" live>
          {give.error.message}
        </Notice>
      )}
    </Dialog>
  );
}
