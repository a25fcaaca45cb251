/** Whom a policy selects: everyone, or people, groups, service accounts and guests, which add up. */
import type { WhoDocument } from '../../../../protocol/policy-document.ts';
import { Choices } from '../../ui/choices.tsx';
import { Check } from '../../ui/field.tsx';
import type { ShownDocument } from '../document/shown-document.ts';
import { withKey } from '../document/with-key.ts';

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
    <>
      <Check
        label="Everyone"
        checked={who === 'everyone'}
        onChange={(event) => onChange(event.target.checked ? 'everyone' : {})}
      />
      {who === 'everyone' ? undefined : (
        <>
          <Choices
            label="Groups"
            options={groups}
            chosen={who.groups ?? []}
            onChange={(list) => onChange(withKey(who, 'groups', list))}
          />
          <Choices
            label="People"
            hint="By e-mail address."
            free
            options={[]}
            chosen={who.people ?? []}
            onChange={(list) => onChange(withKey(who, 'people', list))}
          />
          <Choices
            label="Service accounts"
            options={serviceAccounts.map(({ name }) => name)}
            chosen={who.serviceAccounts ?? []}
            onChange={(list) => onChange(withKey(who, 'serviceAccounts', list))}
          />
          <Choices
            label="Guests"
            hint="By e-mail address, or *@partner.example. They get a code by mail and come in at public hostnames alone."
            free
            options={[]}
            chosen={who.guests ?? []}
            onChange={(list) => onChange(withKey(who, 'guests', list))}
          />
        </>
      )}
    </>
  );
}
