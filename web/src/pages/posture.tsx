/** What one device tells about itself, whole: each check with its value, and what would mend it where a profile is not met. */
import { Check, ChevronDown, X } from 'lucide-react';
import type { MyPosture } from '../../../protocol/portal.ts';
import { Foreign } from '../ui/foreign.tsx';
import { Ago } from '../ui/instant.tsx';

export function Posture({ posture }: { readonly posture: MyPosture }) {
  const { reported, untested, checks } = posture;
  const unmet = checks.filter(({ met }) => met === false).length;
  return (
    <details className="group mt-1.5">
      <summary className="flex cursor-pointer list-none items-center gap-1 rounded-small text-small text-quiet hover:text-ink">
        <ChevronDown
          className="size-4 shrink-0 transition-transform group-open:rotate-180"
          aria-hidden="true"
        />
        {unmet === 0 ? (
          'What it tells about itself'
        ) : (
          <span className="text-bad">
            {unmet === 1 ? 'One check is not met' : `${unmet} checks are not met`}
          </span>
        )}
      </summary>
      <dl className="mt-2 grid gap-2 text-small">
        {checks.map(({ title, value, met, text, fix }) => (
          <div key={title} className="flex gap-2">
            <Sign met={met} />
            <div className="min-w-0">
              <dt className="inline font-medium">{title}: </dt>
              <dd className="inline text-quiet">
                <Foreign text={value} limit={400} />
              </dd>
              {met === false && text !== undefined ? (
                <p className="text-pretty">
                  {text}.{fix === undefined ? undefined : ` ${fix}`}
                </p>
              ) : undefined}
            </div>
          </div>
        ))}
      </dl>
      <p className="mt-2 text-small text-quiet text-pretty">
        Told <Ago instant={reported} />. This is all that your organisation collects from this device.
        {untested ? ' How this system is read is untested on a real machine.' : ''}
      </p>
    </details>
  );
}

/** Met, not met, or of no matter to any profile. */
function Sign({ met }: { readonly met: boolean | undefined }) {
  if (met === undefined) return <span className="size-4 shrink-0" aria-hidden="true" />;
  return met ? (
    <Check className="mt-0.5 size-4 shrink-0 text-good" aria-label="met" />
  ) : (
    <X className="mt-0.5 size-4 shrink-0 text-bad" aria-label="not met" />
  );
}
