/**
 * The setup link: whoever has it becomes an owner, once, with a passkey, or with a password and an authenticator where
 * browsers allow no passkey. Challenge and authenticator secret follow from the link, so nothing is kept before it is used.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import {
  PasskeySetup,
  PasskeyWanted,
  PasswordSetup,
  SetUp,
  SetupOptions,
  SetupToken,
} from '../../protocol/local-sign-in.ts';
import { makeLocalOwner, type NewOwner } from '../administrators/local-accounts.ts';
import { authenticatorUri, stepOfCode } from '../administrators/one-time-codes.ts';
import { registrationOptions, relyingParty, verifiedRegistration } from '../administrators/passkeys.ts';
import { hashPassword } from '../administrators/passwords.ts';
import { openSetupLink } from '../administrators/setup-links.ts';
import { ProblemError } from '../api/problems.ts';
import type { TypedApp } from '../api/typed-app.ts';
import type { ControllerContext } from '../context.ts';
import { organisationAt } from '../operator/organisation-at.ts';
import { unlessBusy, type LocalSignIn } from './local-sign-in.ts';

/** What authenticators' secrets are sealed for. */
export const oneTimePurpose = 'one-time codes';
const config = {
  access: 'public',
  problems: ['invalid-request', 'not-found', 'conflict', 'too-many'],
} as const;
const goneText =
  'This setup link was used, replaced by a newer one, or is older than half an hour. Make another: postern setup-url';

export function setupRoutes(app: TypedApp, context: ControllerContext, signIn: LocalSignIn): void {
  const { secretKey } = context;

  app.post(
    '/api/v1/setup/options',
    {
      config,
      schema: {
        summary: 'What an owner can be set up with, by a link that is still good',
        body: Type.Object({ token: SetupToken }, { additionalProperties: false }),
        response: { 200: SetupOptions },
      },
    },
    async (request) => {
      const link = await linkOf(request, request.body.token);
      const { id, reader } = organisationAt(context, request);
      const address = context.organisations.addressOf(id);
      const { document } = await reader.current();
      return {
        organisation: document.organisation === '' ? null : document.organisation,
        passkeys: relyingParty(address) ?? null,
        ...authenticatorUri(secretOf(link), address.hostname),
      };
    },
  );

  app.post(
    '/api/v1/setup/passkey-options',
    {
      config,
      schema: {
        summary: 'What a browser asks a new passkey for (PublicKeyCredentialCreationOptions)',
        body: PasskeyWanted,
        response: { 200: Type.Unknown() },
      },
    },
    async (request) => {
      const link = await linkOf(request, request.body.token);
      const address = addressAt(request);
      if (relyingParty(address) === undefined)
        throw new ProblemError('conflict', 'Browsers bind no passkey to an address; choose a password.');
      const { email, name } = request.body;
      return registrationOptions(address, { challenge: challengeOf(link), email, name });
    },
  );

  app.post(
    '/api/v1/setup/passkey',
    {
      config,
      schema: { summary: 'Makes the owner, with a passkey', body: PasskeySetup, response: { 200: SetUp } },
    },
    async (request, reply) => {
      const { token, name, email, credential } = request.body;
      const link = await linkOf(request, token);
      const passkey = await verifiedRegistration(addressAt(request), challengeOf(link), credential);
      if (passkey === undefined)
        throw new ProblemError('invalid-request', 'The passkey does not answer what was asked. Try again.');
      return make(request, reply, link, { name, email, proof: { kind: 'passkey', passkey } });
    },
  );

  app.post(
    '/api/v1/setup/password',
    {
      config,
      schema: {
        summary: 'Makes the owner, with a password and an authenticator',
        body: PasswordSetup,
        response: { 200: SetUp },
      },
    },
    async (request, reply) => {
      const { token, name, email, password, code } = request.body;
      const link = await linkOf(request, token);
      const secret = secretOf(link);
      const step = stepOfCode(secret, code, context.now());
      if (step === undefined)
        throw new ProblemError(
          'conflict',
          'The code is not the one of now. Check the time of the device that shows it.',
        );
      const proof = {
        kind: 'password',
        password: await unlessBusy(hashPassword(password, context.random)),
        secret: secretKey.seal(oneTimePurpose, secret),
        step,
      } as const;
      return make(request, reply, link, { name, email, proof });
    },
  );

  function addressAt(request: FastifyRequest): URL {
    return context.organisations.addressOf(organisationAt(context, request).id);
  }

  async function linkOf(request: FastifyRequest, token: string): Promise<string> {
    signIn.begin(request);
    const { store } = organisationAt(context, request);
    const link = await openSetupLink(store, token, context.now());
    if (link === undefined) throw new ProblemError('not-found', goneText);
    return link;
  }

  /** Both are keyed by the secret key: who has the database alone does not know them. */
  function challengeOf(link: string): string {
    return secretKey.hash('setup challenge', link);
  }

  function secretOf(link: string): Buffer {
    return Buffer.from(secretKey.hash('setup authenticator', link), 'base64url').subarray(0, 20);
  }

  async function make(
    request: FastifyRequest,
    reply: FastifyReply,
    link: string,
    owner: NewOwner,
  ): Promise<SetUp> {
    const { store } = organisationAt(context, request);
    const made = await makeLocalOwner(store, link, owner, { nowMs: context.now(), random: context.random });
    if (!made.made)
      throw made.why === 'link-gone'
        ? new ProblemError('not-found', goneText)
        : new ProblemError('conflict', 'A local account signs in by this e-mail address; give another.');
    await signIn.signIn(request, reply, made.person, { proof: owner.proof.kind });
    return { recoveryCodes: [...made.recoveryCodes] };
  }
}
