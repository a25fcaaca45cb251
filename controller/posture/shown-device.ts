/** What a person is shown of a device of theirs: exactly what it tells about itself, and what profiles make of it. */
import type { PostureFacts } from '../../protocol/posture-facts.ts';
import type { MyPosture } from '../../protocol/portal.ts';
import { postureChecks } from '../../protocol/posture.ts';
import { fixOf, reasonTexts } from '../../protocol/reasons.ts';
import { checkTitles, isAbout, isTold, shownFact } from '../../protocol/shown-posture.ts';
import type { OrganisationState } from '../organisation/organisation-state.ts';
import type { DeviceClaims } from './device-claims.ts';
import { standingBy } from './dry-run.ts';

/** Undefined before the device's first report. */
export function shownPosture(
  claims: DeviceClaims,
  { document }: Pick<OrganisationState, 'document'>,
  nowMs: number,
): MyPosture | undefined {
  const { posture } = claims;
  if (posture === undefined) return undefined;
  const { os } = posture.facts;
  // A profile that does not name the system says nothing about its checks.
  const profiles = (document.postureProfiles ?? []).filter((profile) => profile[os] !== undefined);
  const { reasons } = standingBy(profiles, claims, nowMs);
  const checks = postureChecks.flatMap((check) => {
    const about = reasons.filter((name) => isAbout(check, name));
    if (about.length === 0 && !isTold(check, posture.facts)) return [];
    const worst = about.find((name) => !reasonTexts[name].met) ?? about[0];
    const value = { title: checkTitles[check], value: shownFact(check, posture.facts) };
    if (worst === undefined) return [value];
    const { met, text } = reasonTexts[worst];
    const fix = met ? undefined : fixOf(worst, os);
    return [{ ...value, met, text, ...(fix === undefined ? {} : { fix }) }];
  });
  return { reported: new Date(posture.atMs).toISOString(), untested: isUntested(posture.facts), checks };
}

function isUntested({ os }: PostureFacts): boolean {
  return os !== 'linux';
}
