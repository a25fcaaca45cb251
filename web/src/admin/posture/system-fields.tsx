/** What devices of one system have to be like. */
import type { PostureProfileDocument } from '../../../../protocol/posture-document.ts';
import { antivirusProducts, type AntivirusProduct } from '../../../../protocol/posture.ts';
import { Choices } from '../../ui/choices.tsx';
import { Check, Field } from '../../ui/field.tsx';
import { Group, More } from '../../ui/group.tsx';
import { Repeated } from '../../ui/repeated.tsx';
import { keysOf } from '../document/keys-of.ts';
import { withKey } from '../document/with-key.ts';

export const systems = [
  { key: 'linux', label: 'Linux', version: '5.10', file: '/etc/acme/managed' },
  { key: 'macos', label: 'macOS', version: '14', file: '/Library/Acme/managed' },
  { key: 'windows', label: 'Windows', version: '10.0.19045', file: 'C:\\Acme\\managed' },
] as const;
export type System = (typeof systems)[number]['key'];

type LinuxChecks = NonNullable<PostureProfileDocument['linux']>;

const checks = [
  { key: 'diskEncryption', label: 'The disk is encrypted' },
  { key: 'firewall', label: 'A firewall runs' },
  { key: 'secureBoot', label: 'Secure boot is on' },
  { key: 'automaticUpdates', label: 'Updates install by themselves' },
  { key: 'knownSerial', label: 'Its serial number is one of the organisation’s' },
] as const;
const products = Object.keys(antivirusProducts);

export function SystemFields({
  system: { key: system, label, version, file },
  asked,
  onChange,
}: {
  readonly system: (typeof systems)[number];
  readonly asked: LinuxChecks | undefined;
  readonly onChange: (asked: LinuxChecks | undefined) => void;
}) {
  return (
    <Group legend={label}>
      <Check
        label={`Devices with ${label} may meet it`}
        checked={asked !== undefined}
        onChange={(event) => onChange(event.target.checked ? {} : undefined)}
      />
      {asked === undefined ? undefined : (
        <Asked system={system} asked={asked} version={version} file={file} onChange={onChange} />
      )}
    </Group>
  );
}

function Asked({
  system,
  asked,
  version,
  file,
  onChange,
}: {
  readonly system: System;
  readonly asked: LinuxChecks;
  readonly version: string;
  readonly file: string;
  readonly onChange: (asked: LinuxChecks) => void;
}) {
  const set = <K extends keyof LinuxChecks>(key: K, value: LinuxChecks[K] | ''): void =>
    onChange(withKey(asked, key, value));
  const keys = keysOf(asked, onChange);
  const { screenLock, antivirus } = asked;
  const distributions = Object.entries(asked.distribution ?? {}).map(([name, least]) => ({ name, least }));
  return (
    <>
      <div className="grid gap-2.5">
        {checks.map(({ key, label }) => (
          <Check key={key} label={label} {...keys.flag(key)} />
        ))}
        <Check
          label="The screen locks"
          checked={screenLock !== undefined}
          onChange={(event) => set('screenLock', event.target.checked ? true : '')}
        />
        <Check
          label="An antivirus runs"
          checked={antivirus !== undefined}
          onChange={(event) => set('antivirus', event.target.checked ? true : '')}
        />
      </div>
      <div className="grid gap-4 sm:grid-cols-2">
        <Field label="At least the version" placeholder={version} {...keys.text('minVersion')} />
        <Field label="At least Postern" placeholder="0.1.0" {...keys.text('minClientVersion')} />
        {screenLock === undefined ? undefined : (
          <Field
            label="The screen locks within"
            placeholder="any time"
            hint="Such as 10m."
            value={typeof screenLock === 'string' ? screenLock : ''}
            onChange={(event) => set('screenLock', event.target.value.trim() || true)}
          />
        )}
      </div>
      {antivirus === undefined ? undefined : (
        <Choices
          label="The antivirus is one of"
          hint="Any that is known, unless said."
          options={products}
          textOf={(value) => antivirusProducts[value as AntivirusProduct] ?? value}
          chosen={Array.isArray(antivirus) ? antivirus : []}
          onChange={(list) => set('antivirus', list.length === 0 ? true : list)}
        />
      )}
      <More
        summary={system === 'linux' ? 'Programs, files, distributions' : 'Programs and files'}
        open={['processes', 'files', 'distribution'].some((key) => key in asked)}
      >
        <Choices
          label="Programs that run"
          hint="By their name, without the folder."
          free
          {...keys.list('processes')}
        />
        <Choices
          label="Files that exist"
          hint={`By their whole path, such as ${file}.`}
          free
          {...keys.list('files')}
        />
        {system === 'linux' ? (
          <Repeated
            legend="Distributions that serve"
            noun="distribution"
            hint="By the ID of os-release with the least version, or any."
            items={distributions}
            empty={{ name: '', least: 'any' }}
            onChange={(list) =>
              set('distribution', Object.fromEntries(list.map(({ name, least }) => [name, least])))
            }
          >
            {(item, setItem, place) => (
              <div className="grid gap-2 sm:grid-cols-2">
                <Field
                  bare
                  label={`Distribution ${place + 1}`}
                  placeholder="debian"
                  value={item.name}
                  onChange={(event) => setItem({ ...item, name: event.target.value.trim() })}
                />
                <Field
                  bare
                  label={`Least version of distribution ${place + 1}`}
                  placeholder="12"
                  value={item.least}
                  onChange={(event) => setItem({ ...item, least: event.target.value.trim() })}
                />
              </div>
            )}
          </Repeated>
        ) : undefined}
      </More>
    </>
  );
}
