/** The way from the portal to requests: how many wait for this person, and how many of theirs are open. */
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { approvalsQuery, requestsQuery } from '../queries.ts';
import { buttonClass } from '../ui/button.tsx';
import { Panel } from '../ui/panel.tsx';

/** Nothing at all for whoever may neither ask nor approve. */
export function RequestsPanel() {
  const requests = useQuery(requestsQuery);
  const approvals = useQuery(approvalsQuery);
  const waiting = approvals.data?.waiting.length ?? 0;
  const own = requests.data?.requests ?? [];
  const open = own.filter(({ state }) => state === 'pending' || state === 'approved').length;
  const may = (requests.data?.requestable.length ?? 0) > 0;
  if (waiting === 0 && own.length === 0 && !may && (approvals.data?.answered.length ?? 0) === 0)
    return undefined;
  return (
    <div className="mb-6">
      <Panel title="Requests">
        <div className="grid gap-3 p-4">
          <p className="text-small text-quiet">
            {waiting > 0
              ? `${waiting} ${waiting === 1 ? 'waits' : 'wait'} for your answer.`
              : open > 0
                ? `${open} of your requests ${open === 1 ? 'is' : 'are'} open.`
                : 'Ask for what you need for a while.'}
          </p>
          <Link to="/requests" className={buttonClass(waiting > 0 ? 'primary' : 'secondary', 'w-fit')}>
            {waiting > 0 ? 'Answer' : 'Requests'}
          </Link>
        </div>
      </Panel>
    </div>
  );
}
