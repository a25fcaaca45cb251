/** Answers a request of somebody else: what an approval waives is shown and ticked one by one, a denial says why. */
import { useId, useState } from 'react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { AccessRequest } from '../../../protocol/requests.ts';
import { admin } from '../api/admin.ts';
import { api } from '../api/portal.ts';
import { AsCode } from '../ui/as-code.tsx';
import { Button } from '../ui/button.tsx';
import { Foreign } from '../ui/foreign.tsx';
import { choicesUpTo } from './durations.ts';
import { LengthField, requestControl } from './length-field.tsx';

export function ApprovalForm({
  request,
  link,
  as = 'approver',
}: {
  readonly request: AccessRequest;
  /** Of the mail that brought the approver here; it is used up by the answer. */
  readonly link?: string | undefined;
  /** An administrator answers whoever approves by the rule. */
  readonly as?: 'approver' | 'administrator';
}) {
  const by = link === undefined ? {} : { link };
  const { id, forMs, quorum, answers, waivable = [] } = request;
  const choices = choicesUpTo(forMs);
  const [length, setLength] = useState(choices.at(-1)?.value ?? '');
  const [waived, setWaived] = useState<readonly string[]>([]);
  const [text, setText] = useState('');
  const textId = useId();
  const queries = useQueryClient();
  const settled = {
    onSettled: () =>
      queries.invalidateQueries({ queryKey: as === 'approver' ? ['approvals'] : ['admin', 'requests'] }),
  };
  const approving = { for: length, waives: [...waived] };
  const approve = useMutation({
    mutationFn: () =>
      as === 'approver'
        ? api.approveRequest(id, { ...approving, ...by })
        : admin.approveRequest(id, approving),
    ...settled,
  });
  const deny = useMutation({
    mutationFn: () =>
      as === 'approver' ? api.denyRequest(id, { text, ...by }) : admin.denyRequest(id, text),
    ...settled,
  });
  const error = approve.error ?? deny.error;
  const still = quorum - answers.filter(({ answer }) => answer === 'approve').length;
  return (
    <div className="grid grid-cols-[minmax(0,1fr)] gap-3">
      {waivable.length === 0 ? undefined : (
        <fieldset className="grid gap-1.5 rounded-control border border-line p-3">
          <legend className="px-1 text-small text-quiet">Required there; tick what need not be met</legend>
          {waivable.map(({ policy, needs }) => (
            <label key={policy} className="flex min-h-8 items-center gap-2.5">
              <input
                type="checkbox"
                className="size-4 shrink-0"
                checked={waived.includes(policy)}
                onChange={(event) =>
                  setWaived(
                    event.target.checked ? [...waived, policy] : waived.filter((each) => each !== policy),
                  )
                }
              />
              <span className="min-w-0">
                <Foreign text={policy} limit={63} />{' '}
                <span className="text-small text-quiet">{needs.join(', ')}</span>
              </span>
            </label>
          ))}
        </fieldset>
      )}
      <div className="grid gap-3 sm:grid-cols-2">
        <form
          className="grid content-start gap-2"
          onSubmit={(event) => {
            event.preventDefault();
            approve.mutate();
          }}
        >
          <LengthField choices={choices} value={length} onChange={setLength} />
          <Button type="submit" busy={approve.isPending}>
            Approve
          </Button>
          {still > 1 ? (
            <p className="text-small text-quiet">{still} approvals are missing, yours among them.</p>
          ) : undefined}
        </form>
        <form
          className="grid content-start gap-2"
          onSubmit={(event) => {
            event.preventDefault();
            deny.mutate();
          }}
        >
          <label className="grid gap-1 text-small" htmlFor={textId}>
            Or why not
            <input
              id={textId}
              value={text}
              onChange={(event) => setText(event.target.value)}
              required
              maxLength={500}
              autoComplete="off"
              className={requestControl}
            />
          </label>
          <Button type="submit" tone="secondary" busy={deny.isPending}>
            Deny
          </Button>
        </form>
      </div>
      {as === 'administrator' ? <AsCode call={admin.approveRequest(id, approving)} /> : undefined}
      {error === null ? undefined : (
        <p role="alert" className="text-small text-bad">
          {error.message}
        </p>
      )}
    </div>
  );
}
