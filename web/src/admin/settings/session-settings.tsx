/** How long sessions last, and which devices wait for an administrator. */
import { useState } from 'react';
import type { DocumentInForce } from '../../api/admin.ts';
import { useMay } from '../../shell/may.ts';
import { Button } from '../../ui/button.tsx';
import { Field, Select } from '../../ui/field.tsx';
import { Panel } from '../../ui/panel.tsx';
import type { ShownDocument } from '../document/shown-document.ts';
import { useBegun } from '../document/use-begun.tsx';
import { useReview } from '../document/use-review.tsx';

const approvals = [
  { value: '', label: 'Those let in by a code from another network' },
  { value: 'required', label: 'Every new device' },
  { value: 'off', label: 'None' },
];

export default function SessionSettings({ base: live }: { readonly base: DocumentInForce }) {
  const may = useMay();
  const mayWrite = may('document.write-sign-in');
  const { base, isOld, saved, notice } = useBegun(live, ({ sessions, devices }) => [sessions, devices]);
  const [{ length, guests, approval, expireAfter }, setWritten] = useState(() => writtenIn(base.document));
  const set = (change: Partial<Written>): void => setWritten((before) => ({ ...before, ...change }));
  const [review, propose] = useReview();
  return (
    <Panel title="Sessions and devices">
      <form
        className="grid max-w-xl gap-5 px-5 py-5"
        onSubmit={(event) => {
          event.preventDefault();
          const changed: Required<Pick<ShownDocument, 'sessions' | 'devices'>> = {
            sessions: { ...(length === '' ? {} : { length }), ...(guests === '' ? {} : { guests }) },
            devices: {
              ...(approval === 'required' || approval === 'off' ? { approval } : {}),
              ...(expireAfter === '' ? {} : { expireAfter }),
            },
          };
          const { sessions: _s, devices: _d, ...rest } = base.document;
          const next: ShownDocument = {
            ...rest,
            ...(Object.keys(changed.sessions).length === 0 ? {} : { sessions: changed.sessions }),
            ...(Object.keys(changed.devices).length === 0 ? {} : { devices: changed.devices }),
          };
          propose({ title: 'Change sessions and devices', base, next, fragment: changed, onSaved: saved });
        }}
      >
        {notice((now) => setWritten(writtenIn(now)))}
        <Field
          label="A session lasts"
          placeholder="12h"
          hint="From its sign-in, on a device and in a browser: 5m to 30d, 12h unless said."
          value={length}
          disabled={!mayWrite}
          onChange={(event) => set({ length: event.target.value.trim() })}
        />
        <Field
          label="A guest’s session lasts"
          placeholder="8h"
          hint="At one public hostname: 5m to 30d, 8h unless said."
          value={guests}
          disabled={!mayWrite}
          onChange={(event) => set({ guests: event.target.value.trim() })}
        />
        <Select
          label="Devices that wait for an administrator"
          value={approval}
          options={approvals}
          disabled={!mayWrite}
          onChange={(event) => set({ approval: event.target.value })}
        />
        <Field
          label="A device is let in anew after"
          placeholder="never"
          hint="Without a sign-in for so long: 1d to 366d. Never unless said."
          value={expireAfter}
          disabled={!mayWrite}
          onChange={(event) => set({ expireAfter: event.target.value.trim() })}
        />
        {mayWrite ? (
          <div>
            <Button type="submit" disabled={isOld}>
              See what it would do
            </Button>
          </div>
        ) : undefined}
      </form>
      {review}
    </Panel>
  );
}

/** The fields as text; empty where nothing is said. */
interface Written {
  readonly length: string;
  readonly guests: string;
  readonly approval: string;
  readonly expireAfter: string;
}

function writtenIn({ sessions = {}, devices = {} }: ShownDocument): Written {
  return {
    length: sessions.length ?? '',
    guests: sessions.guests ?? '',
    approval: devices.approval === 'elsewhere' ? '' : (devices.approval ?? ''),
    expireAfter: devices.expireAfter ?? '',
  };
}
