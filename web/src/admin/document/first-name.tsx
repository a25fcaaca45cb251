/** The name of an organisation that nobody has named yet: asked for with the first change, whatever it is. */
import { useState } from 'react';
import { useMay, useMe } from '../../shell/may.ts';
import { Field } from '../../ui/field.tsx';
import { Notice } from '../../ui/notice.tsx';
import type { ShownDocument } from './shown-document.ts';

/** What an address suggests, such as `acme` for `olga@acme.example`; an owner by setup link has none that was verified. */
export function nameFor(email = ''): string {
  return /@([a-z0-9-]+)\.[^@]+$/i.exec(email)?.[1]?.toLowerCase() ?? 'our-company';
}

export interface FirstName {
  /** The document with the name; undefined where it still lacks one. */
  readonly named: (document: ShownDocument) => ShownDocument | undefined;
  /** Stands above the change; nothing where the organisation has its name. */
  readonly field: React.ReactNode;
}

export function useFirstName(next: ShownDocument): FirstName {
  const mayName = useMay()('document.write-sign-in');
  const { email } = useMe().person;
  const [called, setCalled] = useState(() => nameFor(email));
  // The editor of the whole document takes whatever somebody writes.
  if (typeof next.organisation === 'string' && next.organisation !== '')
    return { named: (document) => document, field: undefined };
  if (!mayName)
    return {
      named: () => undefined,
      field: (
        <Notice tone="wait" title="The organisation has no name yet">
          An owner or administrator gives it one first: with their first change, or under Settings.
        </Notice>
      ),
    };
  const isName = /^[a-z0-9][a-z0-9._-]{0,62}$/.test(called);
  return {
    named: (document) => (isName ? { ...document, organisation: called } : undefined),
    field: (
      <Field
        label="Name of the organisation"
        hint="It has none yet. People read it wherever they sign in: small letters, digits and hyphens."
        className="max-w-sm"
        value={called}
        fault={isName ? undefined : 'A name of small letters, digits and hyphens is needed.'}
        onChange={(event) => setCalled(event.target.value.toLowerCase().trim())}
      />
    ),
  };
}
