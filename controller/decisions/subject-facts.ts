/** A subject as decisions see it. */
import type { Facts } from '../../policy/facts.ts';
import type { Subject } from './seat.ts';

export function subjectFacts({ kind, name, email, groups }: Omit<Subject, 'id'>): Facts['subject'] {
  return { kind, name, groups, ...(email === undefined ? {} : { email: email.toLowerCase() }) };
}
