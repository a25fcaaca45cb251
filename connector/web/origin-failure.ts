/** What an error on the way to an origin means: a code for the record, and which hop failed for whoever reads the page. */
import { Fault, type CodeName } from '../../protocol/errors.ts';
import { OriginTlsError } from '../dial/origin-tls.ts';
import { originNotice } from './origin-notices.ts';
import type { Notice } from './pages.ts';

export interface OriginFailure {
  readonly code: CodeName;
  readonly notice: Notice;
}

/** It was connected to and asked, and did not begin to answer in time. */
export class OriginSilent extends Error {
  constructor() {
    super('the origin did not begin to answer in time');
  }
}

const silent: OriginFailure = { code: 'timeout', notice: originNotice('silent') };

export function originFailure(error: unknown): OriginFailure {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof Fault) return of(cause.code);
    if (cause instanceof OriginTlsError)
      return { code: 'protocol', notice: originNotice(cause.isCertificate ? 'certificate' : 'tls') };
    const code = 'code' in cause ? String(cause.code) : '';
    if (cause instanceof OriginSilent || code === 'UND_ERR_HEADERS_TIMEOUT') return silent;
  }
  return of('protocol');
}

/** How long an origin that failed was waited for, as browsers show it beside the request; `dur` in milliseconds. */
export function timingOf({ notice }: OriginFailure, tookMs: number): string {
  return `origin;dur=${tenths(tookMs)};desc="${notice.error}"`;
}

/** Milliseconds with one decimal, of two whole numbers, whose texts V8 has at hand. */
export function tenths(ms: number): string {
  const all = Math.round(ms * 10);
  return `${Math.trunc(all / 10)}.${all % 10}`;
}

/** Whether nothing of the request can have reached the origin. */
export function isUnconnected(error: Error): boolean {
  return (error instanceof Fault && error.code !== 'cancelled') || error instanceof OriginTlsError;
}

function of(code: CodeName): OriginFailure {
  return { code, notice: originNotice(code) };
}
