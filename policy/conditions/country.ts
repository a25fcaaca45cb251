/** `country: [DE, FR]`: the request comes from one of these countries, by the operator's file of networks. */
import type { Condition, Verdict } from './condition.ts';

const listed: Verdict = { met: true, reason: 'country-listed' };
const notListed: Verdict = { met: false, reason: 'country-not-listed' };
const unknown: Verdict = { met: 'unknown', reason: 'country-unknown' };

/** @param countries ISO 3166-1 alpha-2, upper case */
export function countryCondition(countries: readonly string[]): Condition {
  const wanted = new Set(countries);
  return {
    name: 'country',
    judge: ({ source }) => {
      if (source?.country === undefined) return unknown;
      return wanted.has(source.country) ? listed : notListed;
    },
    nextChangeMs: () => Number.POSITIVE_INFINITY,
  };
}
