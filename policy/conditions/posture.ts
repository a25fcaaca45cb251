/**
 * `posture: [healthy]`: the device meets every named profile by what it last reported, and by what others say of it. A
 * fact that is missing or too old is unknown, each with its own reason, so that a device that stops reporting escapes no
 * deny either.
 */
import type { PostureProfileDocument } from '../../protocol/posture-document.ts';
import type { Condition, Verdict } from './condition.ts';
import { PostureProfile } from './posture-profile.ts';

const absent: Verdict = { met: 'unknown', reason: 'device-needed' };
const met: Verdict = { met: true, reason: 'posture-met' };

export function postureCondition(documents: readonly PostureProfileDocument[]): Condition {
  const profiles = documents.map((document) => new PostureProfile(document));
  return {
    name: 'posture',
    judge: (facts) => {
      if (facts.device.absent === true) return absent;
      let worst = met;
      for (const profile of profiles) {
        const verdict = profile.judge(facts);
        if (verdict.met === false) return verdict;
        if (worst.met === true) worst = verdict;
      }
      return worst;
    },
    judgeEach: (facts) => {
      if (facts.device.absent === true) return [absent];
      const verdicts: Verdict[] = [];
      for (const profile of profiles) profile.judgeEach(facts, verdicts);
      return verdicts;
    },
    nextChangeMs: (facts) => {
      let next = Number.POSITIVE_INFINITY;
      for (const profile of profiles) next = Math.min(next, profile.nextChangeMs(facts));
      return next;
    },
  };
}
