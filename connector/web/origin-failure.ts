/** What an error on the way to an origin means: a code for the record, and which hop failed for whoever reads the page. */
import { Fault, type CodeName } from '../../protocol/errors.ts';
import { OriginTlsError } from '../dial/origin-tls.ts';
import { originNotice, type Notice } from './pages.ts';

export interface OriginFailure {
  readonly code: CodeName;
  readonly notice: Notice;
}

export function originFailure(error: unknown): OriginFailure {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof Fault) return of(cause.code);
    if (cause instanceof OriginTlsError)
      return { code: 'protocol', notice: originNotice(cause.isCertificate ? 'certificate' : 'tls') };
    const code = 'code' in cause ? String(cause.code) : '';
    if (code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_CONNECT_TIMEOUT') return of('timeout');
  }
  return of('protocol');
}

/** Whether nothing of the request can have reached the origin. */
export function isUnconnected(error: Error): boolean {
  return (error instanceof Fault && error.code !== 'cancelled') || error instanceof OriginTlsError;
}

function of(code: CodeName): OriginFailure {
  return { code, notice: originNotice(code) };
}
