/** People by group and by address, which add up. */
import { Choices } from '../../ui/choices.tsx';
import { keysOf } from './keys-of.ts';

interface Named {
  people?: string[];
  groups?: string[];
}

export function PeopleFields<T extends Named>({
  who,
  groups,
  onChange,
}: {
  readonly who: T;
  /** Those that are declared. */
  readonly groups: readonly string[];
  readonly onChange: (who: T) => void;
}) {
  const key = keysOf<Named>(who, (next) => onChange(next as T));
  return (
    <>
      <Choices label="Groups" options={groups} {...key.list('groups')} />
      <Choices label="People" hint="By e-mail address." free {...key.list('people')} />
    </>
  );
}
