/** The conditions of a policy: all that are given must hold. */
import type { ConditionsDocument, MfaDocument } from '../../../../protocol/policy-document.ts';
import { Choices } from '../../ui/choices.tsx';
import { Check, Field } from '../../ui/field.tsx';
import { Group, More } from '../../ui/group.tsx';
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
  const set = <K extends keyof ConditionsDocument>(key: K, value: ConditionsDocument[K] | ''): void =>
    onChange(withKey(when, key, value));
  const mfa: MfaDocument = typeof when.mfa === 'string' ? { age: when.mfa } : (when.mfa ?? { age: '' });
  const setMfa = (next: MfaDocument): void => {
    const isShort = next.amr === undefined && next.acr === undefined;
    set('mfa', next.age === '' && isShort ? '' : isShort ? next.age : next);
  };
  return (
    <Group legend="Only when">
      <Choices
        label="The device meets"
        options={profiles}
        chosen={when.posture ?? []}
        onChange={(list) => set('posture', list)}
      />
      <div className="grid gap-4 sm:grid-cols-2">
        <Field
          label="Several factors used within"
          placeholder="12h"
          value={mfa.age}
          onChange={(event) => setMfa({ ...mfa, age: event.target.value.trim() })}
        />
        <Field
          label="Signed in within"
          placeholder="8h"
          value={when.session ?? ''}
          onChange={(event) => set('session', event.target.value.trim())}
        />
      </div>
      <Check
        label="The device is approved"
        checked={when.deviceApproved === true}
        onChange={(event) => set('deviceApproved', event.target.checked ? true : '')}
      />
      <ScheduleFields schedule={when.schedule} onChange={(schedule) => set('schedule', schedule)} />
      <Choices
        label="Coming from"
        hint="Addresses or networks, such as 203.0.113.0/24."
        free
        options={[]}
        chosen={when.source ?? []}
        onChange={(list) => set('source', list)}
      />
      <Choices
        label="In a country"
        hint="By the address, where the operator gave the controller a list of them."
        options={countryCodes}
        textOf={countryText}
        chosen={when.country ?? []}
        onChange={(list) => set('country', list)}
      />
      <More summary="How several factors were used" open={mfa.amr !== undefined || mfa.acr !== undefined}>
        <Choices
          label="By one of the methods"
          hint="As the provider says it (amr), such as hwk for a security key. It needs the time above."
          free
          options={usualMethods}
          chosen={mfa.amr ?? []}
          onChange={(list) => setMfa(withKey(mfa, 'amr', list))}
        />
        <Choices
          label="In one of the context classes"
          hint="As the provider says it (acr)."
          free
          options={[]}
          chosen={mfa.acr ?? []}
          onChange={(list) => setMfa(withKey(mfa, 'acr', list))}
        />
      </More>
    </Group>
  );
}
