/** Owners without a provider: the setup link, and signing in by passkey, password or recovery code. */
import type {
  PublicKeyCredentialCreationOptionsJSON,
  PublicKeyCredentialRequestOptionsJSON,
} from '@simplewebauthn/browser';
import { startAuthentication, startRegistration } from '@simplewebauthn/browser';
import type { SetUp, SetupOptions } from '../../../protocol/local-sign-in.ts';
import type { MyPasskeys } from '../../../protocol/passkeys.ts';
import { ApiProblem, call } from './call.ts';

/** Who is set up, by which link. */
export interface Owner {
  readonly token: string;
  readonly name: string;
  readonly email: string;
}

/** Whether this browser, at this address, makes passkeys at all. */
export function passkeysHere(): boolean {
  return window.isSecureContext && 'PublicKeyCredential' in window;
}

export const localSignIn = {
  options: (token: string) => call<SetupOptions>('POST', 'setup/options', { body: { token } }),
  setUpPasskey: async (owner: Owner) => {
    const optionsJSON = await call<PublicKeyCredentialCreationOptionsJSON>('POST', 'setup/passkey-options', {
      body: owner,
    });
    const credential = await asked(startRegistration({ optionsJSON }));
    return call<SetUp>('POST', 'setup/passkey', { body: { ...owner, credential } });
  },
  setUpPassword: (owner: Owner, password: string, code: string) =>
    call<SetUp>('POST', 'setup/password', { body: { ...owner, password, code } }),
  passkey: async () => {
    const optionsJSON = await call<PublicKeyCredentialRequestOptionsJSON>('POST', 'sign-in/passkey-options');
    const credential = await asked(startAuthentication({ optionsJSON }));
    return call<undefined>('POST', 'sign-in/passkey', {
      body: { challenge: optionsJSON.challenge, credential },
    });
  },
  password: (email: string, password: string, code: string) =>
    call<undefined>('POST', 'sign-in/password', { body: { email, password, code } }),
  myPasskeys: () => call<MyPasskeys>('GET', 'me/passkeys'),
  addPasskey: async (name: string) => {
    const optionsJSON = await call<PublicKeyCredentialCreationOptionsJSON>('POST', 'me/passkeys/options');
    const credential = await asked(startRegistration({ optionsJSON }));
    const { challenge } = optionsJSON;
    return call<undefined>('POST', 'me/passkeys', { body: { challenge, name, credential } });
  },
  removePasskey: (id: string) => call<undefined>('DELETE', `me/passkeys/${encodeURIComponent(id)}`),
  recoveryCode: (email: string, recoveryCode: string) =>
    call<undefined>('POST', 'sign-in/recovery', { body: { email, recoveryCode } }),
};

/** The browser’s own refusals are in its words and say little; what to do is the same for all of them. */
async function asked<T>(ceremony: Promise<T>): Promise<T> {
  return ceremony.catch(() => {
    throw new ApiProblem(
      0,
      'The browser gave no passkey: it was cancelled, took too long, or there is none here. Try again, or use a password.',
    );
  });
}
