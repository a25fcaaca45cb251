/** Enrolment keys, without their text: what each lets in, how often still, until when; and the way to take one away. */
import { useQuery } from '@tanstack/react-query';
import type { KeyEntry } from '../../../../protocol/inventory.ts';
import { keysQuery } from '../../admin-queries.ts';
import { admin } from '../../api/admin.ts';
import { useMay } from '../../shell/may.ts';
import { Button } from '../../ui/button.tsx';
import { DataTable, type Column } from '../../ui/data-table.tsx';
import { Foreign } from '../../ui/foreign.tsx';
import { Ago, Instant } from '../../ui/instant.tsx';
import { EmptyState, Loaded } from '../../ui/states.tsx';
import { useQuestion } from '../use-question.tsx';

export default function Keys() {
  const keys = useQuery(keysQuery);
  return (
    <Loaded what="The keys" query={keys}>
      {(list) => <List keys={list} />}
    </Loaded>
  );
}

function List({ keys }: { readonly keys: readonly KeyEntry[] }) {
  const may = useMay();
  const [confirm, ask] = useQuestion();
  const mayDelete = ({ purpose }: KeyEntry): boolean =>
    may(purpose === 'service' ? 'keys.write-services' : 'keys.write-servers');
  return (
    <>
      <DataTable
        name="keys"
        rows={keys}
        columns={columns}
        keyOf={({ id }) => id}
        renderActions={(key) =>
          mayDelete(key) ? (
            <Button
              small
              tone="quiet"
              onClick={() =>
                ask({
                  title: `Delete the key for ${key.name}?`,
                  text: 'Nothing joins by it any more. Sessions that a service account began with it end at once.',
                  yes: 'Delete it',
                  done: `The key for ${key.name} is deleted.`,
                  run: () => admin.deleteKey(key.id),
                })
              }
            >
              Delete<span className="sr-only"> the key for {key.name}</span>
            </Button>
          ) : undefined
        }
        empty={
          <EmptyState title="No enrolment key">
            <p>
              Connectors and service accounts join by a key. Make one where the network or the account is.
            </p>
          </EmptyState>
        }
      />
      {confirm}
    </>
  );
}

const purposes = { connector: 'connector of', relay: 'relay', service: 'service account' } as const;

const columns: readonly Column<KeyEntry>[] = [
  {
    id: 'name',
    head: 'Lets in',
    value: ({ purpose, name }) => `${purpose} ${name}`,
    cell: ({ purpose, name }) => (
      <>
        <span className="text-quiet">{purposes[purpose]} </span>
        <Foreign text={name} limit={63} className="font-medium" />
      </>
    ),
  },
  {
    id: 'uses',
    head: 'Uses left',
    width: 'w-28',
    value: ({ usesLeft }) => usesLeft ?? 'any number',
  },
  {
    id: 'expires',
    head: 'Ends',
    from: 'sm',
    width: 'w-36',
    value: ({ expires }) => expires ?? '',
    cell: ({ expires }) =>
      expires === null ? <span className="text-quiet">never</span> : <Instant instant={expires} />,
  },
  {
    id: 'created',
    head: 'Made',
    from: 'md',
    width: 'w-32',
    value: ({ created }) => created,
    cell: ({ created }) => <Ago instant={created} />,
  },
];
