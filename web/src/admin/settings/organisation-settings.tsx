/** The organisation itself: what it is called, the private names it answers for, the serial numbers of its machines. */
import { useState } from 'react';
import type { DocumentInForce } from '../../api/admin.ts';
import { useMay } from '../../shell/may.ts';
import { Button } from '../../ui/button.tsx';
import { Choices } from '../../ui/choices.tsx';
import { counted } from '../../ui/counted.ts';
import { Field, TextArea } from '../../ui/field.tsx';
import { Panel } from '../../ui/panel.tsx';
import type { ShownDocument } from '../document/shown-document.ts';
import { useBegun } from '../document/use-begun.tsx';
import { withKey } from '../document/with-key.ts';
import { useReview } from '../document/use-review.tsx';

export default function OrganisationSettings({ base }: { readonly base: DocumentInForce }) {
  return (
    <>
      <Name base={base} />
      <Zones base={base} />
      <Serials base={base} />
    </>
  );
}

function Name({ base: live }: { readonly base: DocumentInForce }) {
  const mayWrite = useMay()('document.write-sign-in');
  const { base, isOld, saved, notice } = useBegun(live, ({ organisation }) => organisation);
  const [name, setName] = useState(base.document.organisation);
  const [review, propose] = useReview();
  return (
    <Part
      title="Name"
      mayWrite={mayWrite}
      unchanged={isOld || name === base.document.organisation || name === ''}
      onSubmit={() =>
        propose({
          title: `Call the organisation ${name}`,
          base,
          next: { ...base.document, organisation: name },
          fragment: { organisation: name },
          onSaved: saved,
        })
      }
    >
      {notice((now) => setName(now.organisation))}
      <Field
        label="Organisation"
        hint="People read it wherever they sign in: small letters, digits and hyphens."
        value={name}
        disabled={!mayWrite}
        onChange={(event) => setName(event.target.value.toLowerCase().trim())}
      />
      {review}
    </Part>
  );
}

function Zones({ base: live }: { readonly base: DocumentInForce }) {
  const mayWrite = useMay()('document.write-network');
  const { base, isOld, saved, notice } = useBegun(live, ({ zones = [] }) => zones);
  const before = base.document.zones ?? [];
  const [zones, setZones] = useState<string[]>(before);
  const [review, propose] = useReview();
  return (
    <Part
      title="Zones"
      mayWrite={mayWrite}
      unchanged={isOld || same(zones, before)}
      onSubmit={() =>
        propose({
          title: 'Change the zones',
          base,
          next: withKey<ShownDocument, 'zones'>(base.document, 'zones', zones),
          fragment: { zones },
          onSaved: saved,
        })
      }
    >
      {notice((now) => setZones(now.zones ?? []))}
      {mayWrite ? (
        <Choices
          label="Private suffixes"
          hint="Devices ask Postern for every name below these, and nobody else. Empty: what the names of the resources lie below."
          free
          options={[]}
          chosen={zones}
          onChange={setZones}
        />
      ) : (
        <p className="font-mono text-small wrap-anywhere">
          {zones.join(', ') || 'by the names of the resources'}
        </p>
      )}
      {review}
    </Part>
  );
}

function Serials({ base: live }: { readonly base: DocumentInForce }) {
  const mayWrite = useMay()('document.write-access');
  const { base, isOld, saved, notice } = useBegun(live, ({ serials = [] }) => serials);
  const before = base.document.serials ?? [];
  const [text, setText] = useState(() => before.join('\n'));
  const [review, propose] = useReview();
  const serials = text
    .split(/[\n,;]+/)
    .map((each) => each.trim())
    .filter(Boolean);
  return (
    <Part
      title="Serial numbers"
      mayWrite={mayWrite}
      unchanged={isOld || same(serials, before)}
      onSubmit={() =>
        propose({
          title: 'Change the serial numbers',
          base,
          next: withKey<ShownDocument, 'serials'>(base.document, 'serials', serials),
          fragment: { serials: serials.slice(0, 20) },
          onSaved: saved,
        })
      }
    >
      {notice((now) => setText((now.serials ?? []).join('\n')))}
      <TextArea
        label="The organisation’s own machines"
        hint={`One on each line, ${counted(serials.length, 'number')} now. A posture profile may ask that a device is one of them.`}
        rows={6}
        value={text}
        readOnly={!mayWrite}
        onChange={(event) => setText(event.target.value)}
      />
      {review}
    </Part>
  );
}

/** One thing that is changed by itself. */
function Part({
  title,
  mayWrite,
  unchanged,
  onSubmit,
  children,
}: {
  readonly title: string;
  readonly mayWrite: boolean;
  readonly unchanged: boolean;
  readonly onSubmit: () => void;
  readonly children: React.ReactNode;
}) {
  return (
    <Panel title={title}>
      <form
        className="grid max-w-xl grid-cols-[minmax(0,1fr)] gap-4 px-5 py-5"
        onSubmit={(event) => {
          event.preventDefault();
          onSubmit();
        }}
      >
        {children}
        {mayWrite ? (
          <div>
            <Button type="submit" disabled={unchanged}>
              See what it would do<span className="sr-only"> to the {title.toLowerCase()}</span>
            </Button>
          </div>
        ) : undefined}
      </form>
    </Panel>
  );
}

function same(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((each, place) => each === b[place]);
}
