/** The groups that policies may speak of, with how many people have each; what a provider sends beyond them is ignored. */
import { useMemo, useState } from 'react';
import type { PersonEntry } from '../../../../protocol/inventory.ts';
import type { DocumentInForce } from '../../api/admin.ts';
import { useMay } from '../../shell/may.ts';
import { Button } from '../../ui/button.tsx';
import { DataTable, type Column } from '../../ui/data-table.tsx';
import { TextLink } from '../../ui/text-link.tsx';
import type { PolicyDocument } from '../../../../protocol/policy-document.ts';
import { counted } from '../../ui/counted.ts';
import { Field } from '../../ui/field.tsx';
import { Foreign } from '../../ui/foreign.tsx';
import { EmptyState } from '../../ui/states.tsx';
import { useReview } from '../document/use-review.tsx';
import { namesGroup } from '../policies/about.ts';

const noGroups: readonly string[] = [];
const noPolicies: readonly PolicyDocument[] = [];

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
  const { groups = noGroups, policies = noPolicies } = base.document;
  const mayWrite = may('document.write-access');
  const rows = useMemo(
    (): readonly GroupRow[] =>
      groups.map((group) => ({
        name: group,
        people: people.filter((person) => person.groups.includes(group)).length,
        policies: policies.filter((policy) => namesGroup(policy, group)).length,
      })),
    [groups, people, policies],
  );
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
        <DataTable
          name="groups"
          rows={rows}
          columns={columns}
          keyOf={({ name: key }) => key}
          empty={undefined}
          {...(mayWrite
            ? {
                renderActions: ({ name: group }: GroupRow) => (
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
                ),
              }
            : {})}
        />
      )}
      {review}
    </>
  );
}

interface GroupRow {
  readonly name: string;
  readonly people: number;
  readonly policies: number;
}

const columns: readonly Column<GroupRow>[] = [
  {
    id: 'name',
    head: 'Group',
    value: ({ name }) => name,
    cell: ({ name }) => <Foreign text={name} limit={63} className="font-medium" />,
  },
  {
    id: 'people',
    head: 'People',
    width: 'w-32',
    value: ({ people }) => people,
    cell: ({ name, people }) => (
      <TextLink to="/admin/people" search={{ q: name }}>
        {counted(people, 'person', 'people')}
      </TextLink>
    ),
  },
  {
    id: 'policies',
    head: 'Policies',
    from: 'sm',
    width: 'w-32',
    value: ({ policies }) => policies,
    cell: ({ policies }) => <span className="text-quiet">{counted(policies, 'policy', 'policies')}</span>,
  },
];
