/** One certificate from an ACME CA: order, validation, key, certificate (RFC 8555 section 7.4). Knows nothing of when. */
import { createHash, generateKeyPairSync } from 'node:crypto';
import type { Authorization, Client, Order } from 'acme-client';
import { AcmeProblem } from './acme-problem.ts';
import type { Pair } from './usable-certificate.ts';

export type Method = 'tls-alpn-01' | 'dns-01';

/** Answers the CA's validation until `withdraw`. */
export interface Answers {
  /** `proof`: of TLS-ALPN-01 the digest for the certificate, of DNS-01 the text of the record; both base64url. */
  present(host: string, proof: string): Promise<void>;
  withdraw(host: string, proof: string): Promise<void>;
}

type Challenge = Authorization['challenges'][number];

/**
 * @param name a hostname, or `*.suffix` with DNS-01
 * @throws AcmeProblem, or a plain Error of acme-client
 */
export async function orderCertificate(
  client: Client,
  name: string,
  method: Method,
  answers: Answers,
): Promise<Pair> {
  const order = await client.createOrder({ identifiers: [{ type: 'dns', value: name }] });
  for (const authorization of await client.getAuthorizations(order))
    if (authorization.status !== 'valid') await validate(client, order, authorization, { method, answers });
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const { crypto } = await import('acme-client');
  const [, request] = await crypto.createCsr({ altNames: [name] }, key);
  const finalized = await client.finalizeOrder(order, request);
  return { cert: await client.getCertificate(finalized), key };
}

async function validate(
  client: Client,
  order: Order,
  { identifier, challenges }: Authorization,
  { method, answers }: { readonly method: Method; readonly answers: Answers },
): Promise<void> {
  const challenge = challenges.find(({ type }) => (type as string) === method);
  if (challenge === undefined)
    throw new AcmeProblem('answer', `the CA offers no validation by ${method} for ${identifier.value}`);
  const authorization = await client.getChallengeKeyAuthorization(challenge);
  const proof =
    method === 'dns-01' ? authorization : createHash('sha256').update(authorization).digest('base64url');
  await answers.present(identifier.value, proof);
  try {
    await client.completeChallenge(challenge);
    await client.waitForValidStatus(challenge);
  } catch (error) {
    throw (await whyInvalid(client, order, challenge)) ?? error;
  } finally {
    await answers.withdraw(identifier.value, proof);
  }
}

/** acme-client passes on the text of a failed validation, but not its type, by which we know what to do. */
async function whyInvalid(
  client: Client,
  order: Order,
  { url }: Challenge,
): Promise<AcmeProblem | undefined> {
  try {
    const found = (await client.getAuthorizations(order))
      .flatMap(({ challenges }): readonly Challenge[] => challenges)
      .find((challenge) => challenge.url === url);
    const { type, detail } = (found?.error ?? {}) as { type?: unknown; detail?: unknown };
    if (typeof type !== 'string' || typeof detail !== 'string') return undefined;
    return new AcmeProblem(type.split(':').at(-1) ?? '', detail);
  } catch {
    return undefined;
  }
}
