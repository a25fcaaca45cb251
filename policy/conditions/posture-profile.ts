/**
 * One posture profile ready to be asked: whether the report is there and fresh, then each check of the device's system,
 * then what others say of it. Knows nothing of policies; the condition and the dry run ask it.
 */
import type { PostureProfileDocument } from '../../protocol/posture-document.ts';
import { parseDuration } from '../../protocol/durations.ts';
import type { System } from '../../protocol/reasons.ts';
import type { Facts } from '../facts.ts';
import { unlessOver, type Verdict } from './condition.ts';
import { compileChecks, type Check } from './posture-checks.ts';

/** What holds unless a profile says otherwise. */
export const defaultFreshnessMs = 5 * 60_000;

const met: Verdict = { met: true, reason: 'posture-met' };
const notListed: Verdict = { met: false, reason: 'system-not-listed' };
const unknown: Verdict = { met: 'unknown', reason: 'posture-unknown' };
const stale: Verdict = { met: 'unknown', reason: 'posture-stale' };
const compliant: Verdict = { met: true, reason: 'posture-verdict-compliant' };
const notCompliant: Verdict = { met: false, reason: 'posture-verdict-not-compliant' };
const verdictUnknown: Verdict = { met: 'unknown', reason: 'posture-verdict-unknown' };
const verdictStale: Verdict = { met: 'unknown', reason: 'posture-verdict-stale' };

/** Compiled once per document; judging it allocates nothing. */
export class PostureProfile {
  readonly name: string;
  readonly #freshnessMs: number;
  readonly #checks: Readonly<Partial<Record<System, readonly Check[]>>>;
  /** Whether it names a system at all; one that asks for verdicts alone needs no report. */
  readonly #asksForReport: boolean;
  readonly #sources: readonly string[];

  constructor({ name, freshness, verdicts = [], linux, macos, windows }: PostureProfileDocument) {
    const freshnessMs = freshness === undefined ? defaultFreshnessMs : parseDuration(freshness);
    if (freshnessMs === undefined) throw new Error(`"${freshness}" is no duration`);
    this.name = name;
    this.#freshnessMs = freshnessMs;
    this.#checks = {
      ...(linux === undefined ? {} : { linux: compileChecks(linux) }),
      ...(macos === undefined ? {} : { macos: compileChecks(macos) }),
      ...(windows === undefined ? {} : { windows: compileChecks(windows) }),
    };
    this.#asksForReport = Object.keys(this.#checks).length > 0 || verdicts.length === 0;
    this.#sources = verdicts;
  }

  /** The first check that is known to fail, else the first that is not known, else one that is met. */
  judge(facts: Facts): Verdict {
    const { posture } = facts.device;
    let worst = met;
    if (this.#asksForReport) {
      const checks = this.#checksOf(facts);
      if ('met' in checks) {
        if (checks.met === false) return checks;
        worst = checks;
      } else if (posture !== undefined) {
        for (const check of checks) {
          const verdict = check.judge(posture.facts, facts.device);
          if (verdict.met === false) return verdict;
          if (worst.met === true) worst = verdict;
        }
      }
    }
    for (const source of this.#sources) {
      const verdict = this.#verdictOf(source, facts);
      if (verdict.met === false) return verdict;
      if (worst.met === true) worst = verdict;
    }
    return worst;
  }

  /** Adds every check by itself to `verdicts`, in the order people see them; none twice. */
  judgeEach(facts: Facts, verdicts: Verdict[]): void {
    const { posture } = facts.device;
    if (this.#asksForReport) {
      const checks = this.#checksOf(facts);
      if ('met' in checks) addNew(verdicts, checks);
      else if (posture !== undefined)
        for (const { judge } of checks) addNew(verdicts, judge(posture.facts, facts.device));
    }
    for (const source of this.#sources) addNew(verdicts, this.#verdictOf(source, facts));
  }

  /** The first instant (epoch ms) after now at which the report or a verdict becomes too old; else infinite. */
  nextChangeMs(facts: Facts): number {
    const { posture, verdicts } = facts.device;
    let next = Number.POSITIVE_INFINITY;
    if (this.#asksForReport && posture !== undefined)
      next = unlessOver(posture.atMs + this.#freshnessMs, facts);
    for (const source of this.#sources) {
      const verdict = verdicts?.[source];
      if (verdict !== undefined) next = Math.min(next, unlessOver(verdict.atMs + this.#freshnessMs, facts));
    }
    return next;
  }

  /** The checks of the device's system; or why there is nothing to check. */
  #checksOf({ nowMs, device: { posture } }: Facts): readonly Check[] | Verdict {
    if (posture === undefined) return unknown;
    if (nowMs >= posture.atMs + this.#freshnessMs) return stale;
    return this.#checks[posture.facts.os] ?? notListed;
  }

  #verdictOf(source: string, { nowMs, device: { verdicts } }: Facts): Verdict {
    const verdict = verdicts !== undefined && Object.hasOwn(verdicts, source) ? verdicts[source] : undefined;
    if (verdict === undefined) return verdictUnknown;
    if (nowMs >= verdict.atMs + this.#freshnessMs) return verdictStale;
    return verdict.compliant ? compliant : notCompliant;
  }
}

function addNew(verdicts: Verdict[], verdict: Verdict): void {
  if (!verdicts.some(({ reason }) => reason === verdict.reason)) verdicts.push(verdict);
}
