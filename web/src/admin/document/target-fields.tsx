/** What something is about: every resource, or some by name and by tag, which add up. */
import type { TargetDocument } from '../../../../protocol/policy-document.ts';
import { Choices } from '../../ui/choices.tsx';
import { Check } from '../../ui/field.tsx';
import type { ShownDocument } from './shown-document.ts';
import { withKey } from './with-key.ts';

export function TargetFields({
  document: { resources = [] },
  to,
  onChange,
}: {
  readonly document: ShownDocument;
  readonly to: TargetDocument;
  readonly onChange: (to: TargetDocument) => void;
}) {
  const tags = [...new Set(resources.flatMap((each) => each.tags ?? []))].toSorted();
  return (
    <>
      <Check
        label="Every resource"
        checked={to === 'everything'}
        onChange={(event) => onChange(event.target.checked ? 'everything' : {})}
      />
      {to === 'everything' ? undefined : (
        <>
          <Choices
            label="Resources"
            options={resources.map(({ name }) => name)}
            chosen={to.resources ?? []}
            onChange={(list) => onChange(withKey(to, 'resources', list))}
          />
          <Choices
            label="Resources with a tag"
            options={tags}
            chosen={to.tags ?? []}
            onChange={(list) => onChange(withKey(to, 'tags', list))}
          />
        </>
      )}
    </>
  );
}
