/** What the web door says where an origin could not be asked: which hop of the way failed, and who can mend it. */
import type { CodeName } from '../../protocol/errors.ts';
import type { Hop, Notice } from './pages.ts';

/**
 * Why no answer of an origin can be passed on: a code, what went wrong while TLS was agreed with it, or `silent`: it took the
 * request and did not begin to answer in time, where `timeout` is that of the name or the connection.
 */
export type OriginTrouble = CodeName | 'certificate' | 'silent' | 'tls';

type Said = Pick<Notice, 'status' | 'error' | 'text'>;

const title = 'The application does not answer';
/** The way of a request. Whoever reads this has come as far as the connector. */
const hops: readonly Hop[] = [
  { name: 'Your browser', isWell: true },
  { name: 'Postern', isWell: true },
  { name: 'Connector', isWell: true },
  { name: 'Application', isWell: false },
];

export function originNotice(trouble: OriginTrouble): Notice {
  return { title, hops, ...saidOf(trouble) };
}

function saidOf(trouble: OriginTrouble): Said {
  switch (trouble) {
    case 'no-name':
      return {
        status: 502,
        error: 'origin-no-name',
        text: 'The connector could not resolve the name of the application. Its administrator can check the origin of this hostname.',
      };
    case 'address-forbidden':
      return {
        status: 502,
        error: 'origin-address-forbidden',
        text: 'The name of the application leads to an address that it may not use. Its administrator can check the origin of this hostname.',
      };
    case 'refused':
    case 'unreachable':
      return {
        status: 502,
        error: `origin-${trouble}`,
        text: 'The connector runs, but could not connect to the application behind it. It may be down or restarting; try again in a moment.',
      };
    case 'certificate':
      return {
        status: 502,
        error: 'origin-certificate',
        text: 'The connector reached the application, whose certificate it does not trust or which is for another name. Its administrator can name the right authority (originCa) or name (originName) for this hostname.',
      };
    case 'tls':
      return {
        status: 502,
        error: 'origin-tls',
        text: 'The connector reached the application, but could not agree on TLS with it. Its administrator can check whether the origin of this hostname speaks HTTPS at that port.',
      };
    case 'timeout':
      return {
        status: 504,
        error: 'origin-connect-timeout',
        text: 'The connector runs, but did not get through to the application behind it in time: its name was not resolved, or nothing took the connection. It may be down, or a firewall may be in between; try again in a moment.',
      };
    case 'silent':
      return {
        status: 504,
        error: 'origin-timeout',
        text: 'The connector reached the application, which did not answer in time. Try again in a moment.',
      };
    default:
      return {
        status: 502,
        error: 'origin-failed',
        text: 'The connector reached the application, whose answer could not be used. Try again in a moment; if it stays like this, tell its administrator.',
      };
  }
}
