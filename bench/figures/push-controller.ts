/** The controller of the push figure in a process of its own: prints its port, keys and tokens, and ends with its input. */
import { text } from 'node:stream/consumers';
import { pino } from 'pino';
import { createApiToken } from '../../controller/api-tokens.ts';
import { startController } from '../../controller/controller.ts';
import { systemClock, systemRandom } from '../../protocol/clock.ts';

const [directory = '', port = '0'] = process.argv.slice(2);
const controller = await startController({
  directory,
  publicUrl: new URL(`http://127.0.0.1:${port}`),
  listen: { host: '127.0.0.1', port: Number(port) },
  now: Date.now,
  clock: systemClock,
  random: systemRandom,
  log: pino({ level: 'error' }, process.stderr),
});
const { context } = controller;
const { text: token } = await createApiToken(context.organisation(context.firstOrganisation).store, 'admin', {
  nowMs: Date.now(),
  random: systemRandom,
  who: 'bench',
});
const control = context.keys.control.publicKey.toString('base64url');
process.stdout.write(`${JSON.stringify({ port: controller.address.port, token, control })}\n`);
await text(process.stdin);
await controller.stop();
