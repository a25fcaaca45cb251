/** Administrator sign-in: passkey, password with a one-time code, recovery code. Apart from every provider. */
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { fromBase64Url, toBase64Url } from '../../protocol/encoding.ts';
import { PasskeySignIn, PasswordSignIn, RecoverySignIn } from '../../protocol/local-sign-in.ts';
import { hashOfSecret } from '../../protocol/secrets.ts';
import { localAccount, useRecoveryCode, useStep } from '../administrators/local-accounts.ts';
import { stepOfCode } from '../administrators/one-time-codes.ts';
import { authenticationOptions, relyingParty, verifiedAuthentication } from '../administrators/passkeys.ts';
import { isPassword } from '../administrators/passwords.ts';
import { ProblemError } from '../api/problems.ts';
import type { TypedApp } from '../api/typed-app.ts';
import type { ControllerContext } from '../context.ts';
import { organisationAt } from '../operator/organisation-at.ts';
import { unlessBusy, type LocalSignIn } from './local-sign-in.ts';
import { oneTimePurpose } from './setup-routes.ts';

const config = { access: 'public', problems: ['invalid-request', 'not-authenticated', 'too-many'] } as const;
const challengeLifeMs = 5 * 60_000;

export function localSignInRoutes(app: TypedApp, context: ControllerContext, signIn: LocalSignIn): void {
  const addressAt = (request: FastifyRequest): URL =>
    context.organisations.addressOf(organisationAt(context, request).id);

  app.post(
    '/api/v1/sign-in/passkey-options',
    {
      config: { ...config, problems: [...config.problems, 'conflict'] },
      schema: {
        summary: 'What a browser asks a passkey for (PublicKeyCredentialRequestOptions)',
        response: { 200: Type.Unknown() },
      },
    },
    async (request) => {
      signIn.begin(request);
      const { store } = organisationAt(context, request);
      const address = addressAt(request);
      if (relyingParty(address) === undefined)
        throw new ProblemError('conflict', 'Browsers bind no passkey to an address; use the password.');
      const nowMs = context.now();
      const challenge = context.random(32);
      await store.delete('passkey_challenges').where('expires_ms', '<=', nowMs).execute();
      await store
        .insert('passkey_challenges', {
          hash: hashOfSecret(challenge),
          expires_ms: nowMs + challengeLifeMs,
        })
        .execute();
      return authenticationOptions(address, toBase64Url(challenge));
    },
  );

  app.post(
    '/api/v1/sign-in/passkey',
    {
      config,
      schema: {
        summary: 'Signs an owner in by passkey',
        body: PasskeySignIn,
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      signIn.begin(request);
      const { store } = organisationAt(context, request);
      const { challenge, credential } = request.body;
      const open = await store
        .delete('passkey_challenges')
        .where('hash', '=', hashOfSecret(fromBase64Url(challenge) ?? Buffer.alloc(0)))
        .where('expires_ms', '>', context.now())
        .returning('hash')
        .executeTakeFirst();
      const passkey = await store
        .select('passkeys')
        .selectAll()
        .where('id', '=', credential.id)
        .executeTakeFirst();
      if (open === undefined || passkey === undefined) return signIn.refuse(request, 'passkey');
      const counter = await verifiedAuthentication(addressAt(request), challenge, credential, passkey);
      if (counter === undefined) return signIn.refuse(request, 'passkey');
      await store
        .update('passkeys')
        .set({ counter, used_ms: context.now() })
        .where('id', '=', passkey.id)
        .execute();
      await signIn.signIn(request, reply, passkey.person, { proof: 'passkey' });
      return reply.code(204).send(null);
    },
  );

  app.post(
    '/api/v1/sign-in/password',
    {
      config,
      schema: {
        summary: 'Signs an owner in by password and one-time code',
        body: PasswordSignIn,
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const { store } = organisationAt(context, request);
      const { email, password, code } = request.body;
      signIn.begin(request, email);
      const account = await localAccount(store, email);
      // Both are looked at in any case: how long it takes says nothing of which was wrong.
      const isRight = await unlessBusy(isPassword(password, account?.password));
      const sealed = account?.one_time_secret;
      const secret =
        sealed === undefined || sealed === null
          ? undefined
          : context.secretKey.unseal(oneTimePurpose, sealed);
      const step =
        account === undefined || secret === undefined ? undefined : stepOfCode(secret, code, context.now());
      if (!isRight || account === undefined || step === undefined)
        return signIn.refuse(request, 'password', email);
      if (!(await useStep(store, account.person, step))) return signIn.refuse(request, 'password', email);
      await signIn.signIn(request, reply, account.person, { proof: 'password', account: email });
      return reply.code(204).send(null);
    },
  );

  app.post(
    '/api/v1/sign-in/recovery',
    {
      config,
      schema: {
        summary: 'Signs an owner in by a recovery code, once',
        body: RecoverySignIn,
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const { store } = organisationAt(context, request);
      const { email, recoveryCode } = request.body;
      signIn.begin(request, email);
      const account = await localAccount(store, email);
      if (account === undefined || !(await useRecoveryCode(store, account.person, recoveryCode)))
        return signIn.refuse(request, 'recovery code', email);
      await signIn.signIn(request, reply, account.person, { proof: 'recovery code', account: email });
      return reply.code(204).send(null);
    },
  );
}
