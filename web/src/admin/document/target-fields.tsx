/** What something is about: every resource, or some by name and by tag, which add up. */
import type { TargetDocument } from '../../../../protocol/policy-document.ts';
import { Choices } from '../../ui/choices.tsx';
import { AllOr } from './all-or.tsx';
import { keysOf } from './keys-of.ts';
import type { ShownDocument } from './shown-document.ts';

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
    <AllOr all="everything" label="Every resource" value={to} onChange={onChange}>
      {(some) => {
        const key = keysOf<typeof some>(some, onChange);
        return (
          <>
            <Choices
              label="Resources"
              options={resources.map(({ name }) => name)}
              {...key.list('resources')}
            />
            <Choices label="Resources with a tag" options={tags} {...key.list('tags')} />
          </>
        );
      }}
    </AllOr>
  );
}
