/** Tells the controller which flows are open now, and ends one that an administrator cuts. */
import { maxLiveFlows, type AskFlows, type FlowsAnswer, type LiveFlow } from '../../protocol/live-flows.ts';

/** What carries flows: the sessions of devices, and the web door. */
export interface CarriesFlows {
  liveFlows(): LiveFlow[];
  /** False where there is no such flow. */
  cutFlow(id: string): boolean;
}

/** The answer to one question; the newest flows come first. */
export function tellFlows({ question, cut }: AskFlows, carriers: readonly CarriesFlows[]): FlowsAnswer {
  const isCut = cut === undefined ? undefined : carriers.some((carrier) => carrier.cutFlow(cut));
  const all = carriers.flatMap((carrier) => carrier.liveFlows()).toSorted((a, b) => b.since - a.since);
  return {
    t: 'flowing',
    question,
    list: all.slice(0, maxLiveFlows),
    more: Math.max(0, all.length - maxLiveFlows),
    ...(isCut === undefined ? {} : { cut: isCut }),
  };
}
