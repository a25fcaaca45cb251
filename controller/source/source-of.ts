/** Where a request comes from, as a fact: the address in its plain form, and the country the operator's file gives it. */
import type { Facts } from '../../policy/facts.ts';
import { plainAddressOf } from './address-words.ts';
import type { CountryLookup } from './countries.ts';

/** Undefined when there is no address, or what is given is none. */
export function sourceOf(
  address: string | null | undefined,
  countries: CountryLookup,
): NonNullable<Facts['source']> | undefined {
  const plain = typeof address === 'string' ? plainAddressOf(address) : undefined;
  if (plain === undefined) return undefined;
  const country = countries.countryOf(plain);
  return { address: plain, ...(country === undefined ? {} : { country }) };
}
