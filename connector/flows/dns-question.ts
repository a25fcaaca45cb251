/**
 * A stream that asks about a name and opens no flow (WIRE A9, kind `dns`): whether the name exists and leads somewhere the
 * resource may use, or what it has of one type of records, or whether it is the resource's own public hostname. What may be asked at all stands in permit.ts.
 */
import { Fault, toFault, type CodeName } from '../../protocol/errors.ts';
import type { MuxStream } from '../../protocol/mux/stream.ts';
import type { Name } from '../../protocol/names.ts';
import type { ConnectorResource } from '../../protocol/snapshot.ts';
import { permittedAddresses } from '../dial/dial.ts';
import { permittedRecords, type ResolveRecords } from '../dial/records.ts';
import type { Resolve } from '../dial/resolve.ts';
import type { OpenRequest } from './open-request.ts';

/**
 * Answers by ACCEPT alone that the name exists, or by what it has of the records that were asked for; a name that does not
 * exist resets the stream, which is an answer too. Undefined then; the code where the name leads where it must not: that
 * is left to the caller to refuse. Never rejects.
 * @param isOpen whether the asker may use another name, to which records lead
 * @param isOwnDoor whether the name is a public hostname that this resource answers for here
 */
export async function answerQuestion(
  stream: MuxStream,
  { host, records, isDoor }: OpenRequest,
  resource: ConnectorResource,
  isOpen: (target: Name) => boolean,
  isOwnDoor: () => boolean,
  { resolve, resolveRecords }: { readonly resolve: Resolve; readonly resolveRecords: ResolveRecords },
): Promise<CodeName | undefined> {
  try {
    if (isDoor && !isOwnDoor()) throw new Fault('no-name');
    const answer = isDoor
      ? ''
      : records === undefined
        ? await permittedAddresses(resource, host, resolve).then(() => '')
        : await permittedRecords(resource, host, records, isOpen, resolveRecords);
    stream.accept();
    stream.end(answer);
    stream.resume();
  } catch (error) {
    const { code } = toFault(error);
    if (code === 'address-forbidden') return code;
    stream.reset(code);
  }
  return undefined;
}
