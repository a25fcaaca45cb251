/** Whom a policy selects: everyone, or people, groups, service accounts and guests, which add up. */
import type { WhoDocument } from '../../../../protocol/policy-document.ts';
import { Choices } from '../../ui/choices.tsx';
import { AllOr } from '../document/all-or.tsx';
import { keysOf } from '../document/keys-of.ts';
import { PeopleFields } from '../document/people-fields.tsx';
import type { ShownDocument } from '../document/shown-document.ts';

export function WhoFields({
  document: { groups = [], serviceAccounts = [] },
  who,
  onChange,
}: {
  readonly document: ShownDocument;
  readonly who: WhoDocument;
  readonly onChange: (who: WhoDocument) => void;
}) {
  return (
    <AllOr all="everyone" label="Everyone" value={who} onChange={onChange}>
      {(some) => {
        const key = keysOf<typeof some>(some, onChange);
        return (
          <>
            <PeopleFields who={some} groups={groups} onChange={onChange} />
            <Choices
              label="Service accounts"
              options={serviceAccounts.map(({ name }) => name)}
              {...key.list('serviceAccounts')}
            />
            <Choices
              label="Guests"
              hint="By e-mail address, or *@partner.example. They get a code by mail and come in at public hostnames alone."
              free
              {...key.list('guests')}
            />
          </>
        );
      }}
    </AllOr>
  );
}
