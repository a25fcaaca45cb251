/** What whoever runs the controller lets the organisation have at most, and how much of it there is: to read, not to change. */
import { useQuery } from '@tanstack/react-query';
import type { Usage } from '../../../../protocol/usage.ts';
import { usageQuery } from '../../admin-queries.ts';
import { useMay } from '../../shell/may.ts';
import { Facts, type Fact } from '../../ui/facts.tsx';
import { Panel } from '../../ui/panel.tsx';
import { Loaded } from '../../ui/states.tsx';

/** Nothing for roles that may not know. */
export function Limits() {
  return useMay()('usage.read') ? <Shown /> : undefined;
}

function Shown() {
  const usage = useQuery(usageQuery);
  return (
    <Panel title="Limits and usage">
      <p className="px-5 pt-4 text-small text-quiet">Set by whoever runs this controller.</p>
      <Loaded what="The limits" query={usage}>
        {(found) => <Facts facts={factsOf(found)} />}
      </Loaded>
    </Panel>
  );
}

function factsOf({ people, connectors, requests, flows, relay }: Usage): (Fact | undefined)[] {
  const [month] = requests.months;
  return [
    ['People', ofThem(people)],
    ['Connectors', ofThem(connectors)],
    ['Requests', atMost(requests.limit, 'a second')],
    ['Open flows', atMost(flows.limit, 'at each connector')],
    ['Through a relay', atMost(relay.limit, 'Mbit/s at each')],
    month === undefined
      ? undefined
      : [
          `Requests in ${month.month}`,
          `${month.requests.toLocaleString('en')}${month.refused === 0 ? '' : `, ${month.refused.toLocaleString('en')} of them refused`}`,
        ],
  ];
}

function ofThem({ used, limit }: Usage['people']): string {
  return limit === null ? `${used}, no limit` : `${used} of at most ${limit}`;
}

function atMost(limit: number | null, unit: string): string {
  return limit === null ? 'no limit' : `at most ${limit} ${unit}`;
}
