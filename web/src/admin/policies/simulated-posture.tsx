/** What a device would report, for the simulator: in the place of what the device did report, or where there is none. */
import type { PostureFacts } from '../../../../protocol/posture-facts.ts';
import { Check, Field, Select } from '../../ui/field.tsx';

/** Facts that are yes, no or not known. */
const flags = [
  ['diskEncryption', 'The disk is encrypted'],
  ['firewall', 'A firewall runs'],
  ['screenLock', 'The screen locks'],
  ['secureBoot', 'It starts securely'],
  ['automaticUpdates', 'It updates itself'],
] as const;

const systems = [
  { value: 'linux', label: 'Linux' },
  { value: 'macos', label: 'macOS' },
  { value: 'windows', label: 'Windows' },
];
const answers = [
  { value: '', label: 'not known' },
  { value: 'yes', label: 'yes' },
  { value: 'no', label: 'no' },
];
const fresh: PostureFacts = { os: 'linux', clientVersion: '0.1.0' };

export function SimulatedPosture({
  facts,
  onChange,
}: {
  /** None: what the device itself reported counts. */
  readonly facts: PostureFacts | undefined;
  readonly onChange: (facts: PostureFacts | undefined) => void;
}) {
  const set = (change: { [key in keyof PostureFacts]?: PostureFacts[key] | undefined }): void => {
    const next = Object.entries({ ...(facts ?? fresh), ...change }).filter(
      ([, value]) => value !== undefined,
    );
    onChange(Object.fromEntries(next) as PostureFacts);
  };
  return (
    <>
      <Check
        label="As if the device reported otherwise"
        hint="Its own report counts, unless said."
        checked={facts !== undefined}
        onChange={(event) => onChange(event.target.checked ? fresh : undefined)}
      />
      {facts === undefined ? undefined : (
        <fieldset className="grid gap-3 rounded-control border border-line px-4 py-3">
          <legend className="px-1 text-small font-medium">It reports</legend>
          <Select
            label="System"
            value={facts.os}
            options={systems}
            onChange={(event) => set({ os: event.target.value as PostureFacts['os'] })}
          />
          <Field
            label="Its version"
            hint="On Linux the kernel’s, such as 6.1.0."
            value={facts.osVersion ?? ''}
            onChange={(event) => {
              const osVersion = event.target.value.trim();
              set({ osVersion: osVersion === '' ? undefined : osVersion });
            }}
          />
          {flags.map(([name, label]) => (
            <Select
              key={name}
              label={label}
              value={facts[name] === undefined ? '' : facts[name] ? 'yes' : 'no'}
              options={answers}
              onChange={({ target: { value } }) =>
                set({ [name]: value === '' ? undefined : value === 'yes' })
              }
            />
          ))}
        </fieldset>
      )}
    </>
  );
}
