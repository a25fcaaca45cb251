/** The conditions of a policy: all that are given must hold. */
import type { ConditionsDocument, MfaDocument } from '../../../../protocol/policy-document.ts';
import { Choices } from '../../ui/choices.tsx';
import { Check, Field } from '../../ui/field.tsx';
import { Group, More } from '../../ui/group.tsx';
import { keysOf } from '../document/keys-of.ts';
import { withKey } from '../document/with-key.ts';
import { countryCodes, countryText } from './countries.ts';
import { ScheduleFields } from './schedule-fields.tsx';

/** How people prove who they are (RFC 8176), as far as providers commonly say it. */
const usualMethods = ['mfa', 'hwk', 'otp', 'fpt', 'face', 'pin', 'swk', 'sms'];

export function ConditionsFields({
  when,
  profiles,
  onChange,
}: {
  readonly when: ConditionsDocument;
  readonly profiles: readonly string[];
  readonly onChange: (when: ConditionsDocument) => void;
}) {
  const key = keysOf(when, onChange);
  const mfa: MfaDocument = typeof when.mfa === 'string' ? { age: when.mfa } : (when.mfa ?? { age: '' });
  const mfaKey = keysOf(mfa, (next) => {
    const isShort = next.amr === undefined && next.acr === undefined;
    onChange(withKey(when, 'mfa', next.age === '' && isShort ? '' : isShort ? next.age : next));
  });
  return (
    <Group legend="Only when">
      <Choices label="The device meets" options={profiles} {...key.list('posture')} />
      <div className="grid gap-4 sm:grid-cols-2">
        <Field label="Several factors used within" placeholder="12h" {...mfaKey.needed('age')} />
        <Field label="Signed in within" placeholder="8h" {...key.text('session')} />
      </div>
      <Check label="The device is approved" {...key.flag('deviceApproved')} />
      <ScheduleFields
        schedule={when.schedule}
        onChange={(schedule) => onChange(withKey(when, 'schedule', schedule))}
      />
      <Choices
        label="Coming from"
        hint="Addresses or networks, such as 203.0.113.0/24."
        free
        {...key.list('source')}
      />
      <Choices
        label="In a country"
        hint="By the address, where the operator gave the controller a list of them."
        options={countryCodes}
        textOf={countryText}
        {...key.list('country')}
      />
      <More summary="How several factors were used" open={mfa.amr !== undefined || mfa.acr !== undefined}>
        <Choices
          label="By one of the methods"
          hint="As the provider says it (amr), such as hwk for a security key. It needs the time above."
          free
          options={usualMethods}
          {...mfaKey.list('amr')}
        />
        <Choices
          label="In one of the context classes"
          hint="As the provider says it (acr)."
          free
          {...mfaKey.list('acr')}
        />
      </More>
    </Group>
  );
}
