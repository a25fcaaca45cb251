/** The groups that policies may speak of, with how many people have each; what a provider sends beyond them is ignored. */
import { useState } from 'react';
import { Link } from '@tanstack/react-router';
import type { PersonEntry } from '../../../../protocol/inventory.ts';
import type { DocumentInForce } from '../../api/admin.ts';
import { useMay } from '../../shell/may.ts';
import { Button } from '../../ui/button.tsx';
import { counted } from '../../ui/counted.ts';
import { Field } from '../../ui/field.tsx';
import { Foreign } from '../../ui/foreign.tsx';
import { Panel } from '../../ui/panel.tsx';
import { EmptyState } from '../../ui/states.tsx';
import { useReview } from '../document/use-review.tsx';
import { namesGroup } from '../policies/about.ts';

export function Groups({
  base,
  people,
}: {
  readonly base: DocumentInForce;
  readonly people: readonly PersonEntry[];
}) {
  const may = useMay();
  const [name, setName] = useState('');
  const [review, propose] = useReview();
  const { groups = [], policies = [] } = base.document;
  const mayWrite = may('document.write-access');
  const change = (title: string, next: string[]): void =>
    propose({
      title,
      base,
      next: { ...base.document, groups: next },
      fragment: { groups: next },
      onSaved: () => setName(''),
    });
  return (
    <>
      {mayWrite ? (
        <form
          className="flex flex-wrap items-end gap-2"
          onSubmit={(event) => {
            event.preventDefault();
            if (name !== '') change(`Add the group ${name}`, [...groups, name]);
          }}
        >
          <Field
            label="Another group"
            className="w-64"
            placeholder="staff"
            value={name}
            onChange={(event) => setName(event.target.value.toLowerCase())}
          />
          <Button type="submit" tone="secondary" disabled={name === ''}>
            Add it
          </Button>
        </form>
      ) : undefined}
      {groups.length === 0 ? (
        <EmptyState title="No group is declared">
          <p>A group that the provider sends counts once its name is declared here.</p>
        </EmptyState>
      ) : (
        <Panel title="Groups" aside={<span className="text-small text-quiet">{groups.length}</span>}>
          <ul className="divide-y divide-line">
            {groups.map((group) => (
              <li key={group} className="flex items-center gap-4 px-5 py-2.5 text-small">
                <Foreign text={group} limit={63} className="min-w-0 flex-1 font-medium" />
                <Link
                  to="/admin/people"
                  search={{ q: group }}
                  className="rounded-small text-quiet underline decoration-line-strong/50 underline-offset-3 hover:text-ink"
                >
                  {counted(
                    people.filter((person) => person.groups.includes(group)).length,
                    'person',
                    'people',
                  )}
                  <span className="sr-only"> in {group}</span>
                </Link>
                <span className="text-quiet max-sm:hidden">
                  {counted(
                    policies.filter((policy) => namesGroup(policy, group)).length,
                    'policy',
                    'policies',
                  )}
                </span>
                {mayWrite ? (
                  <Button
                    small
                    tone="quiet"
                    onClick={() =>
                      change(
                        `Remove the group ${group}`,
                        groups.filter((each) => each !== group),
                      )
                    }
                  >
                    Remove
                    <span className="sr-only"> {group}</span>
                  </Button>
                ) : undefined}
              </li>
            ))}
          </ul>
        </Panel>
      )}
      {review}
    </>
  );
}
