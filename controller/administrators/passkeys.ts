/**
 * Passkeys of local owners (WebAuthn): what a browser is asked for, and whether its answer holds. A passkey says by itself
 * whose it is, so nobody learns which accounts there are. Names that browsers bind no passkey to have none.
 */
import { isIP } from 'node:net';
import {
  generateAuthenticationOptions,
  generateRegistrationOptions,
  verifyAuthenticationResponse,
  verifyRegistrationResponse,
  type AuthenticationResponseJSON,
  type PublicKeyCredentialCreationOptionsJSON,
  type PublicKeyCredentialRequestOptionsJSON,
  type RegistrationResponseJSON,
} from '@simplewebauthn/server';
import { fromBase64Url } from '../../protocol/encoding.ts';
import type { PasskeysTable } from '../store/tables/people.ts';

/** The relying party of this controller: its host name; undefined for an address literal. */
export function relyingParty({ hostname }: URL): string | undefined {
  return isIP(hostname.replace(/^\[|\]$/g, '')) === 0 ? hostname : undefined;
}

/** @param challenge base64url */
export async function registrationOptions(
  publicUrl: URL,
  {
    challenge,
    email,
    name,
    excluded = [],
  }: {
    readonly challenge: string;
    readonly email: string;
    readonly name: string;
    /** Ids of passkeys that the person has already. */
    readonly excluded?: readonly string[];
  },
): Promise<PublicKeyCredentialCreationOptionsJSON> {
  return generateRegistrationOptions({
    rpName: 'Postern',
    rpID: relyingParty(publicUrl) ?? '',
    userName: email,
    userDisplayName: name,
    challenge: bytesOf(challenge),
    attestationType: 'none',
    excludeCredentials: excluded.map((id) => ({ id })),
    authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
  });
}

/** The passkey that was made for this challenge; undefined when the answer does not hold. */
export async function verifiedRegistration(
  publicUrl: URL,
  challenge: string,
  credential: unknown,
): Promise<Pick<PasskeysTable, 'id' | 'public_key' | 'counter'> | undefined> {
  const answer = await verifyRegistrationResponse({
    response: credential as RegistrationResponseJSON,
    expectedChallenge: challenge,
    expectedOrigin: publicUrl.origin,
    expectedRPID: relyingParty(publicUrl) ?? '',
  }).catch(() => undefined);
  if (answer?.verified !== true) return undefined;
  const { id, publicKey, counter } = answer.registrationInfo.credential;
  return { id, public_key: publicKey, counter };
}

/** @param challenge base64url */
export async function authenticationOptions(
  publicUrl: URL,
  challenge: string,
): Promise<PublicKeyCredentialRequestOptionsJSON> {
  return generateAuthenticationOptions({
    rpID: relyingParty(publicUrl) ?? '',
    challenge: bytesOf(challenge),
    userVerification: 'required',
  });
}

/** The counter that the passkey shows now; undefined when the answer does not hold, or it counts backwards: a copy. */
export async function verifiedAuthentication(
  publicUrl: URL,
  challenge: string,
  credential: unknown,
  { id, public_key, counter }: PasskeysTable,
): Promise<number | undefined> {
  const answer = await verifyAuthenticationResponse({
    response: credential as AuthenticationResponseJSON,
    expectedChallenge: challenge,
    expectedOrigin: publicUrl.origin,
    expectedRPID: relyingParty(publicUrl) ?? '',
    credential: { id, publicKey: Uint8Array.from(public_key), counter },
  }).catch(() => undefined);
  return answer?.verified === true ? answer.authenticationInfo.newCounter : undefined;
}

function bytesOf(challenge: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(fromBase64Url(challenge) ?? []);
}
