/**
 * Tries a target for an administrator who is about to protect it: name, connection, TLS, HTTP, each with its time. Goes by
 * the same resolver, guard and dial as flows do, few at once, and says codes, never addresses. Nothing of an answer but its
 * status is kept.
 */
import { request as sendRequest } from 'node:http';
import type { Socket } from 'node:net';
import type { Clock } from '../../protocol/clock.ts';
import type { Probe, Probed, Target, TargetStep } from '../../protocol/target-test.ts';
import type { HealthCode } from '../../protocol/resource-health.ts';
import { targetTestMs } from '../../protocol/target-test.ts';
import { Fault } from '../../protocol/errors.ts';
import { matchesPattern, parseName, parsePattern } from '../../protocol/names.ts';
import { dialTcp, permittedAddresses } from './dial.ts';
import type { Resolve } from './resolve.ts';
import { OriginTlsError, securedForOrigin } from './origin-tls.ts';

/** So many run at once; what comes on top is told that the connector is busy. */
const mostAtOnce = 4;

type Code = NonNullable<TargetStep['code']>;
type StepName = TargetStep['step'];

export interface TargetTestOptions {
  /** Without a cache, so that the time is that of the network's own DNS. */
  readonly resolve: Resolve;
  readonly isOwnListener?: ((address: string, port: number) => boolean) | undefined;
  readonly send: (answer: Probed) => void;
  /** Is told what a test of a resource's own target found. */
  readonly found?: ((resource: string, port: number, code: HealthCode | undefined) => void) | undefined;
  readonly clock: Clock;
}

export class TargetTests {
  readonly #options: TargetTestOptions;
  #running = 0;

  constructor(options: TargetTestOptions) {
    this.#options = options;
  }

  /** Tries what the controller asks for and answers it once. */
  take({ question, target, resource }: Probe): void {
    const answer = (steps: TargetStep[]): void => {
      const code = steps.at(-1)?.code;
      if (resource !== undefined && code !== 'busy') this.#options.found?.(resource, target.port, code);
      this.#options.send({ t: 'probed', question, steps });
    };
    if (this.#running >= mostAtOnce) return answer([{ step: 'dns', ms: 0, code: 'busy' }]);
    this.#running += 1;
    void testTarget(target, this.#options)
      .then(answer)
      .finally(() => {
        this.#running -= 1;
      });
  }
}

/** The steps of one test; the first that failed is the last. Never rejects, and lasts `targetTestMs` at most. */
export async function testTarget(
  target: Target,
  { resolve, isOwnListener, clock }: Omit<TargetTestOptions, 'send' | 'found'>,
): Promise<TargetStep[]> {
  const { host, port, speak, wildcard, within = [] } = target;
  const pattern = wildcard === undefined ? undefined : parsePattern(wildcard);
  const name = parseName(host);
  // As a flow would be refused: what is not below the wildcard is not what it stands for.
  if (
    wildcard !== undefined &&
    (pattern === undefined || name === undefined || !matchesPattern(pattern, name))
  )
    return [{ step: 'dns', ms: 0, code: 'address-forbidden' }];
  const resource = { address: wildcard ?? host, within };
  const steps: TargetStep[] = [];
  const open = new Set<Socket>();
  const { promise: late, reject: giveUp } = Promise.withResolvers<never>();
  late.catch(() => undefined);
  let isOver = false;
  const cancelTimer = clock.after(targetTestMs, () => giveUp(new Fault('timeout')));
  const keep = (socket: Socket): Socket => {
    socket.on('error', () => undefined);
    if (isOver) socket.destroy();
    else open.add(socket);
    return socket;
  };
  /** Takes a step; undefined when it failed. */
  const take = async <T>(step: StepName, work: Promise<T>): Promise<T | undefined> => {
    const beganMs = clock.nowMs();
    const since = (): number => Math.max(0, Math.round(clock.nowMs() - beganMs));
    try {
      const result = await Promise.race([work, late]);
      steps.push({ step, ms: since(), ...(step === 'http' ? { status: Number(result) } : {}) });
      return result;
    } catch (error) {
      steps.push({ step, ms: since(), code: codeOf(step, error) });
      return undefined;
    }
  };
  try {
    const addresses = await take('dns', permittedAddresses(resource, host, resolve));
    if (addresses === undefined) return steps;
    const dialled = dialTcp(resource, host, port, async () => addresses, isOwnListener).then(keep);
    const socket = await take('tcp', dialled);
    if (socket === undefined || speak === 'tcp') return steps;
    socket.allowHalfOpen = false;
    const secured =
      speak === 'http' ? socket : await take('tls', securedForOrigin(socket, {}, host).then(keep));
    if (secured === undefined) return steps;
    await take('http', statusOf(secured, host));
    return steps;
  } finally {
    isOver = true;
    cancelTimer();
    for (const socket of open) socket.destroy();
  }
}

function statusOf(socket: Socket, host: string): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const asked = sendRequest({
    path: '/',
    setHost: false,
    headers: ['host', host.includes(':') ? `[${host}]` : host, 'connection', 'close'],
    createConnection: () => socket,
  });
  asked.on('error', reject);
  asked.once('response', ({ statusCode = 0 }) => {
    resolve(statusCode);
    asked.destroy();
  });
  asked.end();
  return promise;
}

const dialCodes: ReadonlySet<string> = new Set([
  'no-name',
  'address-forbidden',
  'timeout',
  'refused',
  'unreachable',
] satisfies Code[]);

function codeOf(step: StepName, error: unknown): Code {
  if (error instanceof Fault && dialCodes.has(error.code)) return error.code as Code;
  if (error instanceof OriginTlsError) return error.isCertificate ? 'certificate' : 'no-tls';
  return step === 'tls' ? 'no-tls' : step === 'http' ? 'no-http' : 'unreachable';
}
