/** The hours and days of a time zone in which a policy holds. */
import type { ScheduleDocument } from '../../../../protocol/policy-document.ts';
import { Check, Field } from '../../ui/field.tsx';
import { SuggestingField } from '../../ui/suggesting-field.tsx';
import { withKey } from '../document/with-key.ts';
import { days, dayTexts, readDays, writeDays } from './days.ts';

const zones = Intl.supportedValuesOf('timeZone');
const here = new Intl.DateTimeFormat().resolvedOptions().timeZone;

export function ScheduleFields({
  schedule,
  onChange,
}: {
  readonly schedule: ScheduleDocument | undefined;
  readonly onChange: (schedule: ScheduleDocument | undefined) => void;
}) {
  return (
    <div className="grid gap-3">
      <Check
        label="Within certain hours"
        checked={schedule !== undefined}
        onChange={(event) =>
          onChange(event.target.checked ? { zone: here, days: 'mon-fri', hours: '09:00-18:00' } : undefined)
        }
      />
      {schedule === undefined ? undefined : <Within schedule={schedule} onChange={onChange} />}
    </div>
  );
}

function Within({
  schedule,
  onChange,
}: {
  readonly schedule: ScheduleDocument;
  readonly onChange: (schedule: ScheduleDocument) => void;
}) {
  const chosen = readDays(schedule.days);
  const [from = '', to = ''] = (schedule.hours ?? '').split('-');
  const setHours = (first: string, last: string): void =>
    onChange(
      withKey(schedule, 'hours', first === '' && last === '' ? '' : `${first || '00:00'}-${last || '24:00'}`),
    );
  return (
    <div className="grid gap-3 pl-6.5">
      <fieldset>
        <legend className="mb-1.5 text-small font-medium">Days</legend>
        <div className="flex flex-wrap gap-1.5">
          {days.map((day) => (
            <label
              key={day}
              className="inline-flex min-h-9 cursor-pointer items-center rounded-control border border-line-strong px-3 text-small has-checked:border-ink has-checked:bg-button has-checked:text-on-button has-focus-visible:outline-2 has-focus-visible:outline-offset-2 has-focus-visible:outline-accent"
            >
              <input
                type="checkbox"
                className="sr-only"
                checked={chosen.has(day)}
                onChange={(event) => {
                  const next = new Set(chosen);
                  if (event.target.checked) next.add(day);
                  else next.delete(day);
                  onChange(withKey(schedule, 'days', writeDays(next) ?? ''));
                }}
              />
              {dayTexts[day]}
            </label>
          ))}
        </div>
      </fieldset>
      <div className="grid gap-3 sm:grid-cols-2">
        <Field label="From" type="time" value={from} onChange={(event) => setHours(event.target.value, to)} />
        <Field
          label="To"
          type="time"
          hint="Before the start: past midnight."
          value={to === '24:00' ? '' : to}
          onChange={(event) => setHours(from, event.target.value)}
        />
      </div>
      <SuggestingField
        label="Time zone"
        suggestions={zones}
        value={schedule.zone}
        hint={schedule.zone === here ? 'Yours.' : undefined}
        onChange={(event) => onChange({ ...schedule, zone: event.target.value.trim() })}
      />
    </div>
  );
}
