/**
 * An application on a laptop that uses a name again and again, and once more by the address that it remembers, run as a
 * process in a place. Each line is one try: `name AT ANSWER TTL` or `name AT refused`, and `address AT open|refused`.
 *
 *   node name-probe.ts HOST PORT ADDRESS       ADDRESS: what the name led to before
 */
import { Resolver } from 'node:dns/promises';
import { connect } from 'node:net';

const everyMs = 50;

if (import.meta.main) run(process.argv.slice(2));

function run([host, port, address]: string[]): void {
  if (host === undefined || port === undefined || address === undefined)
    throw new Error('usage: name-probe.ts HOST PORT ADDRESS');
  let tries = 0;
  setInterval(() => {
    void byName(host);
    tries += 1;
    if (tries % 4 === 0) byAddress(address, Number(port), tries);
  }, everyMs);
}

async function byName(host: string): Promise<void> {
  const at = Date.now();
  try {
    // A new one each time: it reads the system's settings as they are now.
    const [answer] = await new Resolver({ timeout: 1_000, tries: 1 }).resolve4(host, { ttl: true });
    console.log(`name ${at} ${answer?.address} ${answer?.ttl}`);
  } catch {
    console.log(`name ${at} refused`);
  }
}

/** Only an answer of the application counts: the first hop is this machine, which accepts in any case. */
function byAddress(address: string, port: number, index: number): void {
  const at = Date.now();
  const socket = connect({ host: address, port, timeout: 2_000 }, () => socket.write(`probe.${index}\n`));
  let outcome = 'refused';
  socket.once('data', () => {
    outcome = 'open';
    socket.destroy();
  });
  socket.on('error', () => undefined);
  socket.on('timeout', () => socket.destroy());
  socket.once('close', () => console.log(`address ${at} ${outcome}`));
}
