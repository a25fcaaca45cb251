/** The shape of everything that collects: one fact or family of facts from a machine, by the check that wants it. */
import type { PostureFacts, PostureWanted } from '../../protocol/posture-facts.ts';
import type { PostureCheck } from '../../protocol/posture.ts';
import type { Machine } from './machine.ts';

/** Facts, each absent when it is not known. A collector may throw: what it would have told is then unknown. */
export type Collector = (machine: Machine, wanted: PostureWanted) => Promise<Partial<PostureFacts>>;

/** How one system tells about itself: what is always told, and what only when it is asked for. */
export interface SystemCollectors {
  readonly os: PostureFacts['os'];
  readonly always: Collector;
  readonly checks: Readonly<Partial<Record<PostureCheck, Collector>>>;
  /** Files and folders whose change may change a fact. */
  readonly watched: (machine: Machine, wanted: PostureWanted) => Promise<string[]>;
}
