/** A source of verdicts as a form: it sends them, or is asked for them. */
import { CodeBlock } from '../../ui/code-block.tsx';
import { Field, Select } from '../../ui/field.tsx';
import { AuthorityField } from '../document/authority-field.tsx';
import { EntryEditor, type Editing } from '../document/entry-editor.tsx';
import { keysOf } from '../document/keys-of.ts';
import type { ShownPostureSource } from '../document/shown-document.ts';
import { withKey } from '../document/with-key.ts';
import { SecretField } from '../settings/secret-field.tsx';

export function SourceEditor(editing: Editing<'postureSources'>) {
  const { existing } = editing;
  return (
    <EntryEditor list="postureSources" {...editing} fresh={{ name: '', webhook: {} }} nameExample="mdm">
      {(source, set) => (
        <>
          <Select
            label="Its verdicts"
            value={source.poll === undefined ? 'webhook' : 'poll'}
            options={[
              { value: 'webhook', label: 'It sends them' },
              { value: 'poll', label: 'It is asked for them' },
            ]}
            onChange={(event) => {
              const { webhook: _w, poll: _p, ...rest } = source;
              set(
                event.target.value === 'poll'
                  ? { ...rest, poll: { url: 'https://' } }
                  : { ...rest, webhook: {} },
              );
            }}
          />
          {source.poll === undefined ? (
            <>
              <div>
                <p className="mb-1 text-small font-medium">Where it sends them</p>
                <CodeBlock
                  what="The address for its verdicts"
                  text={`${location.origin}/api/v1/posture/${source.name || 'NAME'}`}
                />
              </div>
              <SecretField
                label="Secret"
                hint="It sends this as a bearer token. At least 16 characters."
                isNew={existing?.webhook === undefined}
                value={source.webhook?.secret}
                onChange={(secret) => set({ ...source, webhook: secret === '' ? {} : { secret } })}
              />
            </>
          ) : (
            <PollFields
              poll={source.poll}
              isNew={existing?.poll === undefined}
              onChange={(poll) => set({ ...source, poll })}
            />
          )}
        </>
      )}
    </EntryEditor>
  );
}

type Poll = NonNullable<ShownPostureSource['poll']>;

function PollFields({
  poll,
  isNew,
  onChange,
}: {
  readonly poll: Poll;
  readonly isNew: boolean;
  readonly onChange: (poll: Poll) => void;
}) {
  const key = keysOf(poll, onChange);
  return (
    <>
      <Field label="Address" mono placeholder="https://edr.acme.example/v1/devices" {...key.needed('url')} />
      <SecretField
        label="Token"
        hint="Sent to it as a bearer token."
        isNew={isNew}
        drawn={false}
        value={poll.token}
        // An empty one stands for the one in force, where there is one.
        onChange={(token) => onChange(isNew ? withKey(poll, 'token', token) : { ...poll, token })}
      />
      <Field label="Every" placeholder="1m" {...key.text('every')} />
      <AuthorityField {...key.lines('ca')} />
    </>
  );
}
