/** My devices, the one seen last first, the ways to let another in, and where I am signed in. */
import type { UseQueryResult } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { MyDevices } from '../../../protocol/portal.ts';
import { Panel } from '../ui/panel.tsx';
import { DeviceRow } from './device-row.tsx';

export function Devices({ devices }: { readonly devices: UseQueryResult<MyDevices> }) {
  const list = devices.data?.devices;
  return (
    <Panel
      title="Your devices"
      aside={
        <Link to="/device" className="rounded-small text-small text-accent hover:underline">
          Enter a code
        </Link>
      }
    >
      {list === undefined ? (
        devices.error === null ? (
          <div role="status" aria-label="Loading your devices" className="grid gap-2 p-4">
            <div className="skeleton h-5 w-2/3" />
            <div className="skeleton h-4 w-1/2" />
          </div>
        ) : (
          <p className="p-4 text-small text-bad">Your devices could not be loaded.</p>
        )
      ) : list.length === 0 ? (
        <p className="p-4 text-small text-quiet text-pretty">
          None yet. A device appears here when you let it in.
        </p>
      ) : (
        <ul className="divide-y divide-line">
          {list.map((device) => (
            <DeviceRow key={device.id} device={device} />
          ))}
        </ul>
      )}
      <div className="flex flex-wrap gap-x-4 gap-y-1 border-t border-line px-4 py-2.5 text-small">
        <Link to="/install" className="rounded-small py-0.5 text-accent hover:underline">
          Connect a machine
        </Link>
        <Link to="/sessions" className="rounded-small py-0.5 text-accent hover:underline">
          Where you are signed in
        </Link>
      </div>
    </Panel>
  );
}
