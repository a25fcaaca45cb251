/**
 * A person's sign-in as the device sees it: a browser on this machine that comes back to a loopback
 * port with a code under PKCE (RFC 8252, RFC 7636), or a code of eight consonants that the person types elsewhere.
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { systemClock, type Random } from '../../protocol/clock.ts';
import type { FromController, FromNode } from '../../protocol/control.ts';
import type { Credential } from '../../protocol/node/introduction.ts';
import { createServer } from '../../protocol/node/node-http.ts';
import { sameText } from '../../protocol/secrets.ts';
import { boundedServerOptions, boundPeers, peerBounds, refuseUpgrade } from '../../protocol/slow-peers.ts';

/** What the person is asked to do. */
export type SignInPrompt =
  | { readonly kind: 'open'; readonly url: string }
  | { readonly kind: 'code'; readonly userCode: string; readonly url: string; readonly expiresS: number };

/** One attempt, by code or by loopback. */
export interface SignIn {
  readonly credential: Credential;
  /** Takes what the controller says about the attempt; the prompt to show, if it was one. */
  receive(message: FromController): SignInPrompt | undefined;
  close(): void;
}

/** An attempt by typed code: nothing listens. */
export function signInByCode(): SignIn {
  return {
    credential: { code: true },
    receive: (message) =>
      message.t === 'code'
        ? { kind: 'code', userCode: message.user_code, url: message.url, expiresS: message.expires }
        : undefined,
    close: () => undefined,
  };
}

/** A browser opens a handful; whoever opens more loses the oldest of them. */
const bounds = { ...peerBounds, connections: 64 };

/**
 * An attempt through a browser on this machine: listens until `close`. `send` takes the login message once the browser
 * has come back. Rejects with the system's error where nothing can listen.
 */
export async function signInByBrowser(
  random: Random,
  send: (message: FromNode & { t: 'login' }) => void,
): Promise<SignIn> {
  const verifier = random(32).toString('base64url');
  const challenge = createHash('sha256').update(verifier).digest('base64url');
  let state: string | undefined;
  const server = createServer(boundedServerOptions(bounds), (request, response) => {
    // Whatever a stranger asks for is text and no URL yet: one that is none must not end this process (SEC-D2).
    const [path = '', query = ''] = (request.url ?? '').split('?', 2);
    const asked = new URLSearchParams(query);
    const code = asked.get('code') ?? '';
    const shown = asked.get('state') ?? '';
    const ours = state !== undefined && sameText(shown, state) && code !== '' && code.length <= 128;
    if (request.method !== 'GET' || path !== '/' || !ours) {
      response.writeHead(404, headers).end('There is nothing here.\n');
      return;
    }
    // One use: a second visit with the same address finds nothing.
    state = undefined;
    response
      .writeHead(200, headers)
      .end('Signed in. You can close this window and go back to your terminal.\n');
    send({ t: 'login', code, verifier });
  });
  boundPeers(server, bounds, systemClock);
  server.on('upgrade', (_request, socket) => refuseUpgrade(socket, '404 Not Found'));
  await listen(server);
  const { port } = server.address() as AddressInfo;
  return {
    credential: { loopback: { port, challenge } },
    receive(message) {
      if (message.t !== 'open') return undefined;
      state = message.state;
      return { kind: 'open', url: message.url };
    },
    close() {
      server.close();
      server.closeIdleConnections();
    },
  };
}

const headers = {
  'content-type': 'text/plain; charset=utf-8',
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  connection: 'close',
};

async function listen(server: Server): Promise<void> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
}
