/** `postern proxy`: one flow on standard input and output, as the ProxyCommand of ssh and its like expect it. */
import { once } from 'node:events';
import { finished } from 'node:stream/promises';
import type { Command } from 'commander';
import { flowSource, parsePort, withFlowOptions, type FlowOptions } from './flow-source.ts';
import { action } from './output.ts';

export function proxyCommand(program: Command): void {
  withFlowOptions(
    program
      .command('proxy')
      .description("carry one flow on standard input and output: ssh -o ProxyCommand='postern proxy %h %p'")
      .argument('<name>', 'host name, such as bastion.acme.internal')
      .argument('<port>', 'its port'),
  ).action(action(run));
}

async function run(host: string, portText: string, options: FlowOptions): Promise<void> {
  const port = parsePort(portText);
  const source = await flowSource(options);
  try {
    const flow = await source.open(host, port);
    // Whoever reads us may end first; what is left of the flow is nobody's then.
    process.stdout.once('error', () => flow.destroy());
    process.stdin.pipe(flow);
    flow.pipe(process.stdout, { end: false });
    await finished(flow, { writable: false });
    if (process.stdout.writableLength > 0) await once(process.stdout, 'drain');
  } finally {
    process.stdin.destroy();
    await source.stop();
  }
}
