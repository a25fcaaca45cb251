/** `postern forward`: one resource on a port of loopback, through the running client or alone with a key. */
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import type { Command } from 'commander';
import { exitOf, exits, toFault, type Fault } from '../protocol/errors.ts';
import { flowSource, parsePort, withFlowOptions, type FlowOptions } from './flow-source.ts';
import { parseListen } from './listen-option.ts';
import { action, CommandError, print, say } from './output.ts';
import { untilSignal } from './signals.ts';

interface Options extends FlowOptions {
  listen: { address: string; port: number };
  json?: boolean;
}

export function forwardCommand(program: Command): void {
  withFlowOptions(
    program
      .command('forward')
      .description('put one port of a resource on a loopback port, until stopped')
      .argument('<name>', 'host name, such as wiki.acme.internal')
      .argument('<port>', 'its port'),
  )
    .option('--listen <address:port>', 'where; a free port unless said', parseListen, {
      address: '127.0.0.1',
      port: 0,
    })
    .option('--json', 'print where it listens as one JSON object')
    .action(action(run));
}

async function run(host: string, portText: string, options: Options): Promise<void> {
  const port = parsePort(portText);
  const source = await flowSource(options);
  const { splice } = await import('../client/flows/splice.ts');
  try {
    const faults: Fault[] = [];
    let carried = 0;
    const report = (error: unknown): void => {
      const fault = toFault(error);
      faults.push(fault);
      say(`! ${host}:${port}  ${fault.message}`);
    };
    const join = async (socket: Socket): Promise<void> => {
      carried += 1;
      try {
        const flow = await source.open(host, port);
        flow.once('error', report);
        splice(socket, flow);
      } catch (error) {
        report(error);
        socket.resetAndDestroy();
      }
    };
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) => {
      socket.on('error', () => undefined);
      void join(socket);
    });
    server.listen(options.listen.port, options.listen.address);
    await listening(server, options);
    const address = `${options.listen.address}:${(server.address() as AddressInfo).port}`;
    print(options.json ?? false, { schema: 'postern.forward/v1', address, host, port }, address);
    say(`${host}:${port} is on ${address}. Stop with Ctrl-C.`);
    await untilSignal();
    server.close();
    // Whoever ran this for one connection learns from the exit code what became of it.
    if (carried === 1 && faults[0] !== undefined) process.exitCode = exitOf(faults[0].code);
  } finally {
    await source.stop();
  }
}

async function listening(server: ReturnType<typeof createServer>, { listen }: Options): Promise<void> {
  try {
    await once(server, 'listening');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'error';
    throw new CommandError(
      exits.usage,
      `${listen.address}:${listen.port} cannot be listened on (${code}); choose another with --listen`,
    );
  }
}
