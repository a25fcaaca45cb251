/** TLS towards an origin: which name is asked for, whom the connector believes, and how it says that it does not. */
import type { Socket } from 'node:net';
import { connect } from 'node:tls';
import type { ConnectorWeb } from '../../protocol/web-resource.ts';

const handshakeMs = 10_000;

/** The origin was reached, and no TLS with it came about; nothing of the request was sent. */
export class OriginTlsError extends Error {
  /** Whether it spoke TLS, and its certificate is not one that the resource trusts. */
  readonly isCertificate: boolean;

  constructor(cause: Error) {
    super('no TLS with the origin', { cause });
    const code = 'code' in cause ? String(cause.code) : '';
    // What Node calls the verdicts of X.509 (tls, "X509 certificate error codes"), and a name that does not match.
    this.isCertificate = /CERT|SELF_SIGNED|ISSUER|SIGNATURE|ALTNAME|CRL|CHAIN|HOSTNAME/.test(code);
  }
}

type OriginTrust = Pick<ConnectorWeb, 'originCa' | 'originName' | 'originInsecure'>;

/** Makes `socket` one with TLS as the resource wants it. Rejects with an OriginTlsError. */
export function securedForOrigin(socket: Socket, web: OriginTrust, host: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const secure = connect({
      socket,
      ALPNProtocols: ['http/1.1'],
      servername: web.originName ?? (/[a-z]/i.test(host) && !host.includes(':') ? host : ''),
      ...(web.originCa === undefined ? {} : { ca: web.originCa }),
      rejectUnauthorized: web.originInsecure !== true,
    });
    const refuse = (error: Error): void => reject(new OriginTlsError(error));
    const gone = (): void => refuse(new Error('the connection ended in the TLS handshake'));
    secure.setTimeout(handshakeMs, () => secure.destroy(new Error('the TLS handshake took too long')));
    secure.once('error', refuse);
    secure.once('close', gone);
    secure.once('secureConnect', () => {
      secure.setTimeout(0);
      secure.off('error', refuse);
      secure.off('close', gone);
      resolve(secure);
    });
  });
}
