/** A subject as decisions see it. */
import type { Facts } from '../../policy/facts.ts';
import type { Subject } from './seat.ts';

export function subjectFacts({
  kind,
  id,
  name,
  email,
  groups,
  usedMs,
}: Omit<Subject, 'id'> & { readonly id?: string }): Facts['subject'] {
  return {
    kind,
    name,
    groups,
    ...(id === undefined ? {} : { id }),
    ...(email === undefined ? {} : { email: email.toLowerCase() }),
    ...(usedMs === undefined ? {} : { usedMs }),
  };
}
