/** What somebody may use now, what they could, and what stands in the way; of a person on all they have open, or of one device. */
import { useQuery } from '@tanstack/react-query';
import { Waypoints } from 'lucide-react';
import { Link } from '@tanstack/react-router';
import { accessQuery } from '../admin-queries.ts';
import { buttonClass } from '../ui/button.tsx';
import { Loaded } from '../ui/states.tsx';
import { AccessList } from './access-list.tsx';

export type SeenFrom = { readonly subject: string } | { readonly device: string };

export function SeenAs({ of }: { readonly of: SeenFrom }) {
  const access = useQuery(accessQuery(of));
  return (
    <>
      <div>
        <Link
          to="/admin/map"
          search={{ as: 'subject' in of ? of.subject : of.device }}
          className={buttonClass('secondary', undefined, true)}
        >
          <Waypoints className="size-4" aria-hidden="true" />
          On the map
        </Link>
      </div>
      <Loaded what="The access" query={access}>
        {(list) => <AccessList access={list} of="subject" />}
      </Loaded>
    </>
  );
}
