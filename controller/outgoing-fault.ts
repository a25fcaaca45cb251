/** Why a fetch of `outgoingFetch` came to nothing, as one sentence for administrators, without addresses or secrets. */

/** The longest sentence, in characters. */
export const maxFaultLength = 200;

/** @param otherwise how the sentence begins where neither time nor the network is to blame */
export function outgoingFault(error: unknown, otherwise: string): string {
  const { message, cause, name } = error instanceof Error ? error : new Error(String(error));
  if (name === 'TimeoutError') return 'It did not answer within five seconds.';
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  if (code !== '') return `It cannot be reached (${code}).`;
  return `${otherwise}: ${message}`.slice(0, maxFaultLength);
}
