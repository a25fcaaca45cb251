/** The web door of a resource as a form: its public names, where its origin is, and what is done on the way. */
import type { WebDocument } from '../../../../protocol/web-document.ts';
import { Choices } from '../../ui/choices.tsx';
import { Check, Field, Select, TextArea } from '../../ui/field.tsx';
import { Group, More } from '../../ui/group.tsx';
import { Repeated } from '../../ui/repeated.tsx';
import { AuthorityField } from '../document/authority-field.tsx';
import { keysOf } from '../document/keys-of.ts';
import { withKey } from '../document/with-key.ts';
import { PathRules } from './path-rules.tsx';

const certificates = [
  { value: '', label: 'Files, then a public authority, then the built-in one' },
  { value: 'file', label: 'Files on the connectors' },
  { value: 'acme', label: 'A public authority (ACME)' },
  { value: 'built-in', label: 'The built-in authority, which browsers do not know' },
];
const rarer = [
  'originCa',
  'originName',
  'originInsecure',
  'answerWithin',
  'health',
  'host',
  'headers',
  'audience',
  'allowOrigins',
  'serviceWorkers',
  'certificate',
] as const;

export function WebFields({
  web,
  groups,
  suggested,
  onChange,
}: {
  readonly web: WebDocument | undefined;
  readonly groups: readonly string[];
  /** Where the origin is, most likely. */
  readonly suggested: string;
  readonly onChange: (web: WebDocument | undefined) => void;
}) {
  return (
    <Group legend="In the browser">
      <Check
        label="People open it in any browser, without the client"
        hint="Under a public hostname, with sign-in in front of it."
        checked={web !== undefined}
        onChange={(event) => onChange(event.target.checked ? { origin: suggested } : undefined)}
      />
      {web === undefined ? undefined : <Door web={web} groups={groups} onChange={onChange} />}
    </Group>
  );
}

function Door({
  web,
  groups,
  onChange,
}: {
  readonly web: WebDocument;
  readonly groups: readonly string[];
  readonly onChange: (web: WebDocument) => void;
}) {
  const key = keysOf(web, onChange);
  const health = keysOf<NonNullable<WebDocument['health']>>(web.health ?? { path: '' }, (next) =>
    onChange(withKey(web, 'health', next.path === '' ? '' : next)),
  );
  const headers = Object.entries(web.headers ?? {}).map(([name, value]) => ({ name, value }));
  return (
    <>
      <Choices
        label="Public hostnames"
        hint="Such as wiki.acme.example, or *.apps.acme.example. Under Public hostnames you find the records to set."
        free
        chosen={listOf(web.hostname, web.hostnames)}
        onChange={(list) => onChange(oneOrMore(web, 'hostname', 'hostnames', list))}
      />
      <Choices
        label="Origins"
        hint="As the connector reaches it: http://wiki.acme.internal:80. Of several, the first that is well is used."
        free
        chosen={listOf(web.origin, web.origins)}
        onChange={(list) => onChange(oneOrMore(web, 'origin', 'origins', list))}
      />
      <PathRules
        rules={web.rules ?? []}
        groups={groups}
        onChange={(rules) => onChange(withKey(web, 'rules', rules))}
      />
      <TextArea
        label="Maintenance"
        hint="People read this in place of the application, as long as it stands here."
        rows={2}
        {...key.lines('maintenance')}
      />
      <More
        summary="Headers, health, other sites, certificates"
        open={rarer.some((each) => web[each] !== undefined)}
      >
        <Select label="Certificate" options={certificates} {...key.text('certificate')} />
        <div className="grid gap-4 sm:grid-cols-2">
          <Field label="Health is asked at" mono placeholder="/healthz" {...health.needed('path')} />
          <Field
            label="Every"
            placeholder="10s"
            disabled={web.health === undefined}
            {...health.text('every')}
          />
        </div>
        <Repeated
          legend="Request headers for the origin"
          noun="header"
          hint="{{email}}, {{name}}, {{user}}, {{groups}} and {{jwt}} are filled in."
          items={headers}
          empty={{ name: '', value: '' }}
          onChange={(list) =>
            onChange(
              withKey(web, 'headers', Object.fromEntries(list.map(({ name, value }) => [name, value]))),
            )
          }
        >
          {(header, setHeader, place) => (
            <div className="grid gap-2 sm:grid-cols-2">
              <Field
                bare
                mono
                label={`Name of header ${place + 1}`}
                placeholder="X-Email"
                value={header.name}
                onChange={(event) => setHeader({ ...header, name: event.target.value.trim() })}
              />
              <Field
                bare
                mono
                label={`Value of header ${place + 1}`}
                placeholder="{{email}}"
                value={header.value}
                onChange={(event) => setHeader({ ...header, value: event.target.value })}
              />
            </div>
          )}
        </Repeated>
        <div className="grid gap-4 sm:grid-cols-2">
          <Field
            label="Host that the origin is sent"
            mono
            placeholder="the public hostname"
            hint="A name, or origin for its own."
            {...key.text('host')}
          />
          <Field
            label="Audience of the assertion"
            mono
            placeholder="the resource’s id"
            {...key.text('audience')}
          />
        </div>
        <Field
          label="How long an answer may take to begin"
          placeholder="60s"
          hint="From 1s to 1h; what follows may take as long as it likes."
          {...key.text('answerWithin')}
        />
        <Choices
          label="Other sites that may send requests"
          hint="https://host: their pages may call this application and open WebSockets to it. Their preflights (OPTIONS) reach it without a sign-in."
          free
          {...key.list('allowOrigins')}
        />
        <Check
          label="Let it put service workers over its whole hostname"
          hint="For applications that need one right below the root. It can then show anything in place of the sign-out page at this hostname."
          {...key.flag('serviceWorkers')}
        />
        <Field
          label="Name on the origin’s certificate"
          mono
          hint="Where it is another than in its address."
          {...key.text('originName')}
        />
        <AuthorityField label="The origin’s own authority" {...key.lines('originCa')} />
        <Check
          label="Do not check the origin’s certificate"
          hint="Whoever stands between connector and origin can then read and change everything."
          {...key.flag('originInsecure')}
        />
      </More>
    </>
  );
}

function listOf(one: string | undefined, several: readonly string[] | undefined): string[] {
  return [...(one === undefined ? [] : [one]), ...(several ?? [])];
}

/** One value as `one`, more of them as `several`. */
function oneOrMore(
  web: WebDocument,
  one: 'hostname' | 'origin',
  several: 'hostnames' | 'origins',
  list: readonly string[],
): WebDocument {
  const { [one]: _one, [several]: _several, ...rest } = web;
  if (list.length === 0) return rest;
  return list.length === 1 ? { [one]: list[0], ...rest } : { [several]: [...list], ...rest };
}
