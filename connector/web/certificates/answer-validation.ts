/**
 * Tells a CA's validation by TLS-ALPN-01 from a browser by the first bytes of its connection, and answers it. Used only for
 * names whose validation is under way: no other connection is looked at.
 */
import type { Duplex } from 'node:stream';
import { TLSSocket, type SecureContext } from 'node:tls';
import type { Clock } from '../../../protocol/clock.ts';
import { validationProtocol } from './challenge-certificate.ts';

const helloMs = 5_000;
const handshakeMs = 10_000;

/**
 * The extension of a hello that offers the one protocol alone, as RFC 8737 wants it: type 16, then three lengths. A browser
 * that has these bytes elsewhere is answered as a CA would be, which tells it nothing.
 */
const offer = Buffer.concat([
  Buffer.from([0, 16, 0, validationProtocol.length + 3, 0, validationProtocol.length + 1]),
  Buffer.from([validationProtocol.length]),
  Buffer.from(validationProtocol),
]);

/**
 * Answers when the connection is a validation, and takes it then; false leaves the stream as it was. The hello comes in one
 * piece, since a relay passes it on when it is whole.
 */
export async function answerValidation(
  stream: Duplex,
  context: SecureContext,
  clock: Clock,
): Promise<boolean> {
  const hello = await firstBytes(stream, clock);
  if (hello === undefined) return false;
  stream.unshift(hello);
  if (!hello.includes(offer)) return false;
  const socket = new TLSSocket(stream, {
    isServer: true,
    secureContext: context,
    minVersion: 'TLSv1.2',
    ALPNProtocols: [validationProtocol],
  });
  const cancelTimer = clock.after(handshakeMs, () => socket.destroy());
  socket.on('error', () => socket.destroy());
  socket.once('secure', () => {
    socket.end();
    socket.resume();
  });
  socket.once('end', () => socket.destroy());
  socket.once('close', () => {
    cancelTimer();
    stream.destroy();
  });
  return true;
}

/** Undefined when it ends, or says nothing, before. */
function firstBytes(stream: Duplex, clock: Clock): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    let isLate = false;
    const settle = (): void => {
      const bytes = stream.read() as Buffer | null;
      if (bytes === null && !stream.destroyed && !stream.readableEnded && !isLate) return;
      cancelTimer();
      stream.off('readable', settle).off('close', settle).off('end', settle);
      resolve(bytes ?? undefined);
    };
    const cancelTimer = clock.after(helloMs, () => {
      isLate = true;
      settle();
    });
    stream.on('readable', settle).once('close', settle).once('end', settle);
  });
}
