/** What a client asks the connectors of a network about names, each by a stream of its own: whether there is one, and its records. */
import type { Clock } from '../../protocol/clock.ts';
import { mostAnswerBytes, parseRecords, type RecordType } from '../../protocol/dns-records.ts';
import { Fault, toFault } from '../../protocol/errors.ts';
import type { NetworkId } from '../../protocol/ids.ts';
import type { Session } from '../../protocol/link/session.ts';
import type { MuxStream } from '../../protocol/mux/stream.ts';
import type { Name } from '../../protocol/names.ts';
import type { AskConnector, Existence, RecordsWord } from '../dns/connector-word.ts';
import { webDoorOf, type Knowledge, type VisibleResource } from '../standing.ts';
import { trying, within } from './tries.ts';

export interface ConnectorQuestionsOptions {
  knowledge(): Knowledge;
  session(network: NetworkId): Promise<Session>;
  readonly clock: Clock;
}

const questionMs = 3_000;

export class ConnectorQuestions implements AskConnector {
  readonly #options: ConnectorQuestionsOptions;

  constructor(options: ConnectorQuestionsOptions) {
    this.#options = options;
  }

  /** Asks a connector whether a name below a wildcard exists, or is the resource's own as a public hostname. Never rejects. */
  async exists(name: Name, resource: VisibleResource): Promise<Existence> {
    const door = webDoorOf(name, this.#options.knowledge());
    try {
      await this.#question(name, resource, door?.resource.id === resource.id ? 'web' : 'A', (stream) => {
        stream.resume();
        return stream.accepted();
      });
      return 'yes';
    } catch (error) {
      const { code } = toFault(error);
      return code === 'no-name' || code === 'address-forbidden' ? 'no' : 'unknown';
    }
  }

  /** Asks a connector for the records of a name, which is one of the resource's or a service of one. Never rejects. */
  async records(name: Name, resource: VisibleResource, type: RecordType): Promise<RecordsWord> {
    try {
      const text = await this.#question(name, resource, type, readAnswer);
      // A connector that knows of no such question says only that the name exists.
      return text === '' ? 'unknown' : (parseRecords(text, type) ?? 'unknown');
    } catch (error) {
      return toFault(error).code === 'no-name' ? 'no' : 'unknown';
    }
  }

  async #question<T>(
    name: Name,
    resource: VisibleResource,
    type: 'A' | 'web' | RecordType,
    answerOf: (stream: MuxStream) => Promise<T>,
  ): Promise<T> {
    const { clock } = this.#options;
    const session = (): Promise<Session> => within(clock, questionMs, this.#options.session(resource.net));
    return trying(session, async (over) => {
      const stream = over.openStream({ r: resource.id, h: name, p: 0, k: 'dns', q: type });
      stream.on('error', () => undefined);
      stream.end();
      return within(clock, questionMs, answerOf(stream), () => stream.destroy());
    });
  }
}

/** What the connector sent behind its ACCEPT, to the end. Rejects with the Fault that ended the stream first. */
async function readAnswer(stream: MuxStream): Promise<string> {
  await stream.accepted();
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of stream) {
    const bytes = part as Buffer;
    length += bytes.length;
    if (length > mostAnswerBytes) throw new Fault('protocol');
    parts.push(bytes);
  }
  return Buffer.concat(parts).toString();
}
