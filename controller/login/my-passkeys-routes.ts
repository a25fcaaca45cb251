/** A local owner looks after their passkeys. What outlasts the session takes a sign-in of the last minutes. */
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { fromBase64Url, toBase64Url } from '../../protocol/encoding.ts';
import { MyPasskeys, NewPasskey } from '../../protocol/passkeys.ts';
import { hashOfSecret } from '../../protocol/secrets.ts';
import { addPasskey, mostPasskeys, removePasskey } from '../administrators/own-passkeys.ts';
import { registrationOptions, relyingParty, verifiedRegistration } from '../administrators/passkeys.ts';
import { ProblemError } from '../api/problems.ts';
import type { TypedApp } from '../api/typed-app.ts';
import type { ControllerContext } from '../context.ts';
import { isFresh } from './freshness.ts';
import { instant, portalCaller, type PortalCaller } from './portal-caller.ts';

const config = {
  access: ['person'],
  problems: ['not-found', 'conflict', 'not-fresh', 'invalid-request'],
} as const;
const challengeLifeMs = 5 * 60_000;

export function myPasskeysRoutes(app: TypedApp, context: ControllerContext): void {
  app.get(
    '/api/v1/me/passkeys',
    {
      config: { access: ['person'] },
      schema: {
        summary: 'How the signed-in person gets in without a provider: passkeys, password, recovery codes',
        response: { 200: MyPasskeys },
      },
    },
    async (request) => {
      const { organisation, person } = await portalCaller(context, request);
      const { store } = organisation;
      const account = await store
        .select('local_accounts')
        .select(['password', 'recovery'])
        .where('person', '=', person.id)
        .executeTakeFirst();
      const rows = await store
        .select('passkeys')
        .select(['id', 'name', 'created_ms', 'used_ms'])
        .where('person', '=', person.id)
        .orderBy('created_ms')
        .orderBy('id')
        .execute();
      return {
        local: account !== undefined,
        possible: relyingParty(addressOf(organisation)) !== undefined,
        password: account !== undefined && account.password !== null,
        recoveryCodesLeft: (JSON.parse(account?.recovery ?? '[]') as string[]).length,
        passkeys: rows.map(({ id, name, created_ms: createdMs, used_ms: usedMs }) => ({
          id,
          name,
          created: instant(createdMs),
          used: usedMs === null ? null : instant(usedMs),
        })),
      };
    },
  );

  app.post(
    '/api/v1/me/passkeys/options',
    {
      config,
      schema: {
        summary: 'What a browser asks a new passkey for (PublicKeyCredentialCreationOptions)',
        response: { 200: Type.Unknown() },
      },
    },
    async (request) => {
      const caller = await freshOwner(request);
      const address = addressOf(caller.organisation);
      if (relyingParty(address) === undefined)
        throw new ProblemError(
          'conflict',
          'Browsers bind no passkey to an address; give the controller a name.',
        );
      const { store } = caller.organisation;
      const nowMs = context.now();
      const challenge = context.random(32);
      await store.delete('passkey_challenges').where('expires_ms', '<=', nowMs).execute();
      await store
        .insert('passkey_challenges', {
          hash: hashFor(caller, challenge),
          expires_ms: nowMs + challengeLifeMs,
        })
        .execute();
      const own = await store
        .select('passkeys')
        .select('id')
        .where('person', '=', caller.person.id)
        .execute();
      const { email, name } = caller;
      return registrationOptions(address, {
        challenge: toBase64Url(challenge),
        email,
        name,
        excluded: own.map(({ id }) => id),
      });
    },
  );

  app.post(
    '/api/v1/me/passkeys',
    {
      config,
      schema: {
        summary: 'Adds a passkey to the signed-in owner',
        body: NewPasskey,
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const caller = await freshOwner(request);
      const { challenge, name, credential } = request.body;
      const { store } = caller.organisation;
      const open = await store
        .delete('passkey_challenges')
        .where('hash', '=', hashFor(caller, fromBase64Url(challenge) ?? Buffer.alloc(0)))
        .where('expires_ms', '>', context.now())
        .returning('hash')
        .executeTakeFirst();
      const passkey =
        open === undefined
          ? undefined
          : await verifiedRegistration(addressOf(caller.organisation), challenge, credential);
      if (passkey === undefined)
        throw new ProblemError('invalid-request', 'The passkey does not answer what was asked. Try again.');
      const added = await addPasskey(
        store,
        caller.person.id,
        { ...passkey, name: name.trim() },
        context.now(),
      );
      if (added === 'too-many')
        throw new ProblemError('conflict', `You have ${mostPasskeys} passkeys; remove one first.`);
      if (added === 'known') throw new ProblemError('conflict', 'This passkey is there already.');
      if (added === 'no-account') throw new ProblemError('not-found');
      return reply.code(204).send(null);
    },
  );

  app.delete(
    '/api/v1/me/passkeys/:id',
    {
      config,
      schema: {
        summary: 'Removes a passkey of the signed-in owner, but never the last way in',
        params: Type.Object({ id: Type.String({ maxLength: 1_400 }) }),
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const { organisation, person } = await freshOwner(request);
      const removed = await removePasskey(organisation.store, person.id, request.params.id, context.now());
      if (removed === 'unknown') throw new ProblemError('not-found');
      if (removed === 'last')
        throw new ProblemError(
          'conflict',
          'It is your last way in. Add another passkey first; recovery codes run out.',
        );
      return reply.code(204).send(null);
    },
  );

  /** Where the organisation signs in: what its passkeys are bound to. */
  function addressOf({ id }: PortalCaller['organisation']): URL {
    return context.organisations.addressOf(id);
  }

  /** The owner who calls, freshly signed in, with what they sign in by. */
  async function freshOwner(
    request: FastifyRequest,
  ): Promise<PortalCaller & { readonly email: string; readonly name: string }> {
    const caller = await portalCaller(context, request);
    const account = await caller.organisation.store
      .select('local_accounts')
      .select('email')
      .where('person', '=', caller.person.id)
      .executeTakeFirst();
    if (account === undefined)
      throw new ProblemError('not-found', 'You sign in at a provider; its passkeys are looked after there.');
    if (!isFresh(caller.session.auth_ms, context.now())) throw new ProblemError('not-fresh');
    return { ...caller, email: account.email, name: caller.person.name };
  }
}

/** Of a challenge to add a passkey: for this person, and for no sign-in. */
function hashFor({ person }: PortalCaller, challenge: Uint8Array): string {
  return hashOfSecret(Buffer.concat([Buffer.from(`add ${person.id} `), challenge]));
}
