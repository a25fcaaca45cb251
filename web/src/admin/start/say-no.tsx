/** The last of the first steps: what a refusal looks like, by taking something away from oneself and giving it back. */
import { useQuery } from '@tanstack/react-query';
import { ExternalLink } from 'lucide-react';
import type { EffectiveAccess } from '../../../../protocol/effective-access.ts';
import type { Me } from '../../../../protocol/portal.ts';
import type { PolicyDocument } from '../../../../protocol/policy-document.ts';
import { Reasons } from '../../pages/reasons.tsx';
import { accessQuery } from '../../admin-queries.ts';
import { resourcesQuery } from '../../queries.ts';
import { useMe } from '../../shell/may.ts';
import { Button, buttonClass } from '../../ui/button.tsx';
import { Notice } from '../../ui/notice.tsx';
import { Loaded } from '../../ui/states.tsx';
import { Failed } from '../document/failed.tsx';
import { withEntry, type ShownDocument } from '../document/shown-document.ts';
import { useChange } from './use-change.ts';

const quickMs = 1_000;

const tryoutPolicy = 'try-saying-no';

export function SayNo({
  resource,
  document,
  onDone,
}: {
  readonly resource: string;
  readonly document: ShownDocument;
  readonly onDone: () => void;
}) {
  const me = useMe();
  const access = useQuery({ ...accessQuery({ subject: me.person.id }), refetchInterval: quickMs });
  const isOn = document.policies?.some(({ name }) => name === tryoutPolicy) === true;
  const no = useChange((now) => withEntry(now, 'policies', tryoutPolicy, noFor(me, resource)));
  const yes = useChange((now) => withEntry(now, 'policies', tryoutPolicy, undefined));
  const error = no.error ?? yes.error;
  return (
    <>
      <Loaded what="What you may use" query={access}>
        {({ list }) => (
          <Standing access={list.find((each) => each.resource === resource)} resource={resource} />
        )}
      </Loaded>
      {error === null ? undefined : <Failed error={error} />}
      <div className="flex flex-wrap items-center gap-3">
        {isOn ? (
          <Button busy={yes.isPending} onClick={() => yes.mutate(undefined, { onSuccess: onDone })}>
            Let me in again
          </Button>
        ) : (
          <Button tone="danger" busy={no.isPending} onClick={() => no.mutate()}>
            Say no to me
          </Button>
        )}
        <span className="text-small text-quiet text-pretty">
          {isOn
            ? `Removes the policy ${tryoutPolicy}.`
            : `Adds the policy ${tryoutPolicy}, which denies it to ${me.person.email === undefined ? 'everyone' : 'you alone'}; what is open is cut.`}
        </span>
      </div>
    </>
  );
}

function Standing({
  access,
  resource,
}: {
  readonly access: EffectiveAccess | undefined;
  readonly resource: string;
}) {
  const mine = useQuery(resourcesQuery(undefined));
  const address = mine.data?.resources.find(({ name }) => name === resource)?.web;
  if (access?.state === 'now') {
    return (
      <div className="grid gap-3">
        <Notice tone="good" title={`You may use ${resource}`} live />
        {address === undefined ? undefined : (
          <a href={address} target="_blank" rel="noreferrer" className={buttonClass('secondary', 'w-fit')}>
            Open {resource}
            <ExternalLink className="size-4" aria-hidden="true" />
            <span className="sr-only">in a new tab</span>
          </a>
        )}
      </div>
    );
  }
  if (access?.state === 'refused')
    return (
      <Notice tone="bad" title={`You may not use ${resource}`} live>
        <Reasons reasons={access.reasons} />
      </Notice>
    );
  return (
    <Notice title={`You have no device to use ${resource} from`}>
      Connect one to see both answers:{' '}
      <code className="font-mono text-small wrap-anywhere">postern up --controller {location.origin}</code>
    </Notice>
  );
}

/** A deny of this person alone; of everyone where they have no address that was verified. */
function noFor({ person: { email } }: Me, resource: string): PolicyDocument {
  return {
    name: tryoutPolicy,
    deny: email === undefined ? 'everyone' : { people: [email] },
    to: { resources: [resource] },
  };
}
