/**
 * Which posture source calls, by the bearer secret of its webhook. One that does not exist answers like a wrong secret.
 * Wrong secrets are counted per address the caller comes from.
 */
import type { FastifyRequest } from 'fastify';
import type { Authenticate } from '../api/access.ts';
import { ProblemError } from '../api/problems.ts';
import type { ControllerContext } from '../context.ts';
import { organisationAt } from '../operator/organisation-at.ts';
import { provesSource } from './source-secrets.ts';

const failures = { limit: 20, windowMs: 10 * 60_000 };

export function sourceAuthenticator(context: ControllerContext): Authenticate {
  const throttle = context.live.throttle('posture sources', failures);
  return async (request) => {
    const given = bearerOf(request);
    // An API token is another caller's, who may or may not call this.
    if (given === undefined || given.startsWith('at_')) return undefined;
    const address = request.callerAddress;
    if (throttle.lockedUntilMs(address) !== undefined)
      throw new ProblemError('too-many', 'Too many wrong secrets came from this address; wait ten minutes.');
    const { store, reader, id } = organisationAt(context, request);
    const { source = '' } = request.params as { source?: string };
    const { document } = await reader.current();
    // The token by which the controller asks a source lets nobody in.
    const isWebhook = document.postureSources?.some(
      ({ name, webhook }) => name === source && webhook !== undefined,
    );
    const proven = await provesSource(store, context.secretKey, source, given);
    if (!proven || isWebhook !== true) {
      throttle.fail(address);
      return { kind: 'nobody' };
    }
    return { kind: 'source', organisation: id, source };
  };
}

function bearerOf({ headers }: FastifyRequest): string | undefined {
  return /^bearer ([\x21-\x7e]{1,1024})$/i.exec(headers.authorization ?? '')?.[1];
}
