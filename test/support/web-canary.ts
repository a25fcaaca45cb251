/**
 * Two people at one application that misbehaves in every way it can, over connections that are kept, cut, pipelined to and
 * shared: what each got that was meant for the other, or for nobody. The long run is `npm run soak -- web-canary`.
 */
import { once } from 'node:events';
import { Agent, request } from 'node:https';
import { connect as connectHttp2, type ClientHttp2Session } from 'node:http2';
import { createServer, type Server, type Socket } from 'node:net';
import { exchange } from '../web-door/support/raw-exchange.ts';
import { portOf, wiki, WebBench } from '../web-door/support/web-bench.ts';

const people = ['alice', 'bob'] as const;
const atOnce = 24;
const ok = 'HTTP/1.1 200 OK\r\n';
const upgrade = { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13' };

export interface Canary {
  /** How many requests of each kind were sent. */
  readonly sent: Readonly<Record<string, number>>;
  /** Answers that came whole. */
  readonly whole: number;
  /** Answers in which somebody read what was not for them; origin connections used for two people. */
  readonly leaks: readonly string[];
}

/** Sends `count` requests. Rejects when the door is gone at the end. */
export async function twoPeople(
  count: number,
  tell: (line: string) => void = () => undefined,
): Promise<Canary> {
  const leaks: string[] = [];
  const origin = await startOrigin(leaks);
  const bench = await WebBench.start({ [wiki]: [`http://localhost:${portOf(origin.server)}`] });
  const sent: Record<string, number> = {};
  let whole = 0;
  let next = 0;
  try {
    const callers = await Promise.all(
      people.map(async (name) => {
        const who = { name, email: `${name}@acme.example`, groups: [] };
        const { cookie } = await bench.signIn(wiki, { who });
        return new Caller(bench, name, cookie);
      }),
    );
    const work = async (): Promise<void> => {
      for (;;) {
        const index = next++;
        if (index >= count) return;
        const caller = callers[index % callers.length];
        const kind = kinds[Math.floor(index / callers.length) % kinds.length];
        if (caller === undefined || kind === undefined) return;
        sent[kind] = (sent[kind] ?? 0) + 1;
        const body = await caller.ask(kind, index).catch(() => undefined);
        if (index % 10_000 === 0) tell(`${index} of ${count}`);
        if (body === undefined) continue;
        whole++;
        if (body !== '' && body !== `for ${caller.name} ${index}`)
          leaks.push(`${caller.name} (${kind}) got: ${body}`);
      }
    };
    await Promise.all(Array.from({ length: atOnce }, work));
    const [alice] = callers;
    const last = await alice?.ask('plain', -7);
    if (last !== 'for alice -7') throw new Error(`the door answers ${last} at the end`);
    for (const caller of callers) caller.close();
    return { sent, whole, leaks };
  } finally {
    await bench.close();
    await origin.close();
  }
}

const kinds = [
  'plain',
  'posted',
  'chunked',
  'head',
  'range',
  'http2',
  'aborted',
  'half-posted',
  'upgrade',
  'connect',
] as const;
type Kind = (typeof kinds)[number];

class Caller {
  readonly name: string;
  readonly #bench: WebBench;
  readonly #cookie: string;
  readonly #agent: Agent;
  #session: ClientHttp2Session | undefined;

  constructor(bench: WebBench, name: string, cookie: string) {
    this.#bench = bench;
    this.name = name;
    this.#cookie = cookie;
    this.#agent = new Agent({ keepAlive: true, ca: bench.ca, servername: wiki, maxSockets: 6 });
  }

  /** The body of a whole answer of 200; rejects for anything else, `''` where none is to come. */
  ask(kind: Kind, index: number): Promise<string> {
    if (kind === 'http2') return this.#askByHttp2(index);
    return kind === 'connect' ? this.#askByConnect(index) : this.#askByHttp1(kind, index);
  }

  close(): void {
    this.#agent.destroy();
    this.#session?.destroy();
  }

  #askByHttp1(kind: Exclude<Kind, 'http2' | 'connect'>, index: number): Promise<string> {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const hasBody = kind === 'posted' || kind === 'chunked' || kind === 'half-posted';
    const asked = request({
      host: '127.0.0.1',
      port: this.#bench.port,
      agent: this.#agent,
      method: kind === 'head' ? 'HEAD' : hasBody ? 'POST' : 'GET',
      path: `/${index}`,
      headers: {
        host: `${wiki}:${this.#bench.port}`,
        cookie: this.#cookie,
        ...(kind === 'range' ? { range: 'bytes=0-100' } : {}),
        ...(kind === 'posted' ? { 'content-length': 8 } : {}),
        ...(kind === 'half-posted' ? { 'content-length': 70_000 } : {}),
        ...(kind === 'upgrade' ? { ...upgrade, 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==' } : {}),
      },
    });
    asked.on('error', reject);
    asked.on('upgrade', (_response, socket, head) => {
      resolve(readFirst(socket, head));
    });
    asked.on('response', (response) => {
      if (kind === 'aborted') asked.destroy();
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        if (response.statusCode === 200 && response.complete) resolve(Buffer.concat(chunks).toString());
        else reject(new Error(`it ended with ${response.statusCode}`));
      });
    });
    if (kind === 'half-posted') {
      asked.write('half of it');
      setImmediate(() => asked.destroy());
    } else if (hasBody) asked.end('the body');
    else asked.end();
    if (kind === 'aborted' && index % 3 === 0) setImmediate(() => asked.destroy());
    return promise;
  }

  /** A request, and behind its answer a CONNECT with another request: whatever comes there is nobody's, and the connection ends. */
  async #askByConnect(index: number): Promise<string> {
    const authority = `${wiki}:${this.#bench.port}`;
    const asks = (line: string): string =>
      `${line} HTTP/1.1\r\nHost: ${authority}\r\nCookie: ${this.#cookie}\r\n\r\n`;
    const target = index % 2 === 0 ? authority : 'localhost:80';
    const behind = `${asks(`CONNECT ${target}`)}${asks('GET /behind')}`;
    const answer = await exchange(this.#bench.raw(), [asks(`GET /${index}`), behind], 3_000);
    const { statuses, text, closed } = answer;
    if (!closed || text.includes('/behind') || statuses.filter((status) => status === 200).length > 1)
      return `behind a CONNECT: ${text}`;
    if (statuses[0] !== 200) throw new Error(`it ended with ${statuses.join()}`);
    const length = Number(/^content-length: (\d+)/im.exec(text)?.[1] ?? Number.NaN);
    const body = text.slice(text.indexOf('\r\n\r\n') + 4);
    // The CONNECT ends the connection, also where the application has not sent all of what was asked for before.
    if (body.length < length) throw new Error('it broke off');
    return Number.isNaN(length) ? (/for \S+ -?\d+/.exec(body)?.[0] ?? '') : body.slice(0, length);
  }

  #askByHttp2(index: number): Promise<string> {
    if (this.#session === undefined || this.#session.destroyed || this.#session.closed) {
      this.#session = connectHttp2(`https://${wiki}:${this.#bench.port}`, {
        createConnection: () => this.#bench.raw(wiki, 'h2'),
      });
      this.#session.on('error', () => undefined);
    }
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const stream = this.#session.request({ ':path': `/${index}`, cookie: this.#cookie });
    const isLeft = index % 5 === 0;
    let status = 0;
    let text = '';
    stream.setEncoding('utf8');
    stream.on('response', (headers) => {
      status = headers[':status'] ?? 0;
      // Some go while it comes: what they have by then is no whole answer, though the stream ends without an error.
      if (isLeft) stream.close();
    });
    stream.on('data', (chunk: string) => (text += chunk));
    stream.on('error', reject);
    stream.on('close', () => {
      if (!isLeft && status === 200 && stream.rstCode === 0 && stream.readableEnded) resolve(text);
      else reject(new Error(`it ended with ${status}`));
    });
    return promise;
  }
}

async function readFirst(socket: Socket, head: Buffer): Promise<string> {
  if (head.length > 0) {
    socket.destroy();
    return head.toString();
  }
  const [bytes] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  return bytes.toString();
}

/** Answers as the person and the path say, and then as badly as it can; notes a connection that two people use. */
async function startOrigin(leaks: string[]): Promise<{ server: Server; close(): Promise<void> }> {
  const open = new Set<Socket>();
  let count = 0;
  const server = createServer((socket) => {
    let usedBy: string | undefined;
    let text = '';
    let skip = 0;
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
      for (;;) {
        const taken = Math.min(skip, text.length);
        text = text.slice(taken);
        skip -= taken;
        const end = text.indexOf('\r\n\r\n');
        if (skip > 0 || end < 0) return;
        const head = text.slice(0, end);
        text = text.slice(end + 4);
        const isChunked = /^transfer-encoding: chunked/im.test(head);
        if (isChunked) {
          const last = text.indexOf('0\r\n\r\n');
          text = last < 0 ? '' : text.slice(last + 5);
        } else skip = Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? 0);
        const user = /^remote-name: (.*)$/im.exec(head)?.[1] ?? 'nobody';
        if (usedBy !== undefined && usedBy !== user)
          leaks.push(`a connection of ${usedBy} was used for ${user}`);
        usedBy = user;
        answer(socket, head, `for ${user} ${/^\S+ \/(\S+)/.exec(head)?.[1]}`, count++);
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    server,
    async close() {
      for (const socket of open) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

function answer(socket: Socket, head: string, body: string, count: number): void {
  const whole = `${ok}Content-Length: ${body.length}\r\n\r\n${head.startsWith('HEAD') ? '' : body}`;
  if (/^upgrade:/im.test(head)) {
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n${body}`,
    );
    return;
  }
  switch (count % 23) {
    case 3:
      // More than was asked for: what is left lies in wait for whoever uses the connection next.
      socket.write(`${whole}${ok}Content-Length: 11\r\n\r\nfor alice 0`);
      return;
    case 6:
      socket.write(`HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n${whole}`);
      return;
    case 9:
      socket.end(`${ok}Content-Length: 100\r\n\r\n${body}`);
      return;
    case 12:
      socket.destroy();
      return;
    case 15:
      socket.write(
        `${ok}Transfer-Encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`,
      );
      return;
    case 18:
      socket.end(`${ok}Connection: close\r\n\r\n${body}`);
      return;
    case 21:
      socket.write(whole.slice(0, -3));
      setImmediate(() => socket.write(whole.slice(-3)));
      return;
    default:
      socket.write(whole);
  }
}
