/**
 * This device's own posture for `postern status`: each check that the controller asks for, how it stands here, and which
 * resources need it. Which of them fail for it is the controller's word, by the reasons in the snapshot.
 */
import type { PostureWanted } from '../../protocol/posture-facts.ts';
import { postureChecks } from '../../protocol/posture.ts';
import { reasonTexts } from '../../protocol/reasons.ts';
import { isAbout, shownFact } from '../../protocol/shown-posture.ts';
import type { Knowledge } from '../standing.ts';
import type { ClientStatus } from '../status.ts';
import type { LastReport } from './reporter.ts';

/** Undefined before the first report and while nothing is asked for. */
export function ownPosture(
  last: LastReport | undefined,
  wanted: PostureWanted | undefined,
  { resources }: Knowledge,
): ClientStatus['posture'] {
  if (last === undefined || wanted === undefined || wanted.checks.length === 0) return undefined;
  const { atMs, facts } = last;
  return {
    at: new Date(atMs).toISOString(),
    checks: postureChecks.flatMap((check) => {
      const asked = wanted.checks.find((each) => each.check === check);
      if (asked === undefined) return [];
      const refusing = resources.filter(
        ({ granted, reasons }) =>
          !granted && reasons.some(({ name }) => isAbout(check, name) && !reasonTexts[name].met),
      );
      return [
        {
          check,
          value: shownFact(check, facts),
          needed_by: asked.resources,
          needed_by_count: asked.count,
          refuses: refusing.map(({ name }) => name),
        },
      ];
    }),
    facts,
  };
}
