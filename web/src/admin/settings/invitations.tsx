/** Roles that wait for somebody to take them: invited by mail or by a link to hand over, and taken back. */
import { useState } from 'react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { Invitations } from '../../../../protocol/invitations.ts';
import type { Role } from '../../../../protocol/roles.ts';
import { invitationsQuery } from '../../admin-queries.ts';
import { admin } from '../../api/admin.ts';
import { Badge } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { Entry } from '../../ui/entry-list.tsx';
import { EntryPanel } from '../../ui/entry-panel.tsx';
import { Check, Field, Select } from '../../ui/field.tsx';
import { Foreign } from '../../ui/foreign.tsx';
import { Ago, Instant } from '../../ui/instant.tsx';
import { MakeDialog } from '../../ui/make-dialog.tsx';
import { Notice } from '../../ui/notice.tsx';
import { ShownOnce } from '../../ui/shown-once.tsx';
import { Loaded } from '../../ui/states.tsx';
import type { ListField } from '../../ui/use-found.ts';
import { useNames } from '../log/use-names.ts';
import { useQuestion } from '../use-question.tsx';
import { roleTexts } from './role-texts.ts';

export function InvitationList({
  writing,
  roles,
}: {
  readonly writing: boolean;
  /** Those that may be given. */
  readonly roles: readonly Role[];
}) {
  const list = useQuery(invitationsQuery);
  const names = useNames();
  const [inviting, setInviting] = useState(false);
  const [confirm, ask] = useQuestion();
  const inviteButton = writing ? (
    <Button small tone="secondary" onClick={() => setInviting(true)}>
      Invite somebody
    </Button>
  ) : undefined;
  return (
    <>
      <Loaded what="The invitations" query={list}>
        {(found) => (
          <EntryPanel
            title="Invitations"
            name="invitations"
            list="invitations"
            fields={fields}
            entries={found}
            empty={{
              title: 'Nobody is invited',
              text: 'Somebody who has not signed in here yet can be.',
            }}
            add={inviteButton}
          >
            {({ id, email, role, created, createdBy, expires }) => (
              <Entry
                key={id}
                name={<Foreign text={email} limit={100} />}
                note={
                  <>
                    invited <Ago instant={created} />
                    <Foreign text={` by ${names.get(createdBy) ?? createdBy}`} limit={80} />
                  </>
                }
                aside={
                  <>
                    <Badge tone="plain">{role}</Badge>
                    <span>
                      good until <Instant instant={expires} />
                    </span>
                  </>
                }
                actions={
                  writing ? (
                    <Button
                      small
                      tone="quiet"
                      onClick={() =>
                        ask({
                          title: `Take the invitation of ${email} back?`,
                          text: 'Its link is good no more.',
                          yes: 'Take it back',
                          done: `The invitation of ${email} is taken back.`,
                          run: () => admin.takeInvitationBack(id),
                        })
                      }
                    >
                      Take back<span className="sr-only"> the invitation of {email}</span>
                    </Button>
                  ) : undefined
                }
              />
            )}
          </EntryPanel>
        )}
      </Loaded>
      {inviting ? <Invite roles={roles} onClose={() => setInviting(false)} /> : undefined}
      {confirm}
    </>
  );
}

const fields: readonly ListField<Invitations['invitations'][number]>[] = [
  { id: 'email', head: 'E-mail', value: ({ email }) => email },
  { id: 'role', head: 'Role', value: ({ role }) => role },
  { id: 'created', head: 'Invited', value: ({ created }) => created },
  { id: 'expires', head: 'Good until', value: ({ expires }) => expires },
];

function Invite({ roles, onClose }: { readonly roles: readonly Role[]; readonly onClose: () => void }) {
  const queries = useQueryClient();
  const [email, setEmail] = useState('');
  const [role, setRole] = useState<Role>('admin');
  const [byLink, setByLink] = useState(false);
  const send = () => admin.invite({ email, role, ...(byLink ? { link: true as const } : {}) });
  const invite = useMutation({
    mutationFn: send,
    onSuccess: () => queries.invalidateQueries({ queryKey: ['admin', 'invitations'] }),
  });
  return (
    <MakeDialog
      title="Invite an administrator"
      lead="Good once, for three days, and only for whoever signs in with this address."
      work={invite}
      yes="Invite"
      incomplete={email === ''}
      refused="Nobody was invited"
      code={send}
      onClose={onClose}
      form={
        <>
          <Field
            label="E-mail"
            type="email"
            placeholder="bob@acme.example"
            value={email}
            onChange={(event) => setEmail(event.target.value.trim())}
          />
          <Select
            label="Role"
            value={role}
            hint={`May: ${roleTexts[role]}.`}
            options={roles.map((each) => ({ value: each, label: each }))}
            onChange={(event) => setRole(event.target.value as Role)}
          />
          <Check
            label="Show me the link instead of mailing it"
            hint="It is shown as well where the controller sends no mail."
            checked={byLink}
            onChange={(event) => setByLink(event.target.checked)}
          />
        </>
      }
    >
      {({ link }) =>
        link === undefined ? (
          <Notice tone="good" title="The invitation is on its way" live>
            {email} gets it by mail.
          </Notice>
        ) : (
          <ShownOnce what="The link" text={link}>
            {`Hand it to ${email}: whoever opens it and signs in with that address takes the role.`}
          </ShownOnce>
        )
      }
    </MakeDialog>
  );
}
