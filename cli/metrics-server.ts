/** `--metrics`: a port of its own, apart from the public one, where Prometheus asks a server how it is. */
import { createServer } from 'node:http';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Option, type Command } from 'commander';
import { exits } from '../protocol/errors.ts';
import { gauge, metricsMediaType, metricsText, type Metric } from '../protocol/metrics.ts';
import { version } from '../protocol/version.ts';
import { parsePublicListen, type PublicListen } from './listen-option.ts';
import { CommandError, say } from './output.ts';

export interface MetricsFlags {
  metrics?: PublicListen;
}

export function addMetricsOption(command: Command): Command {
  return command.addOption(
    new Option(
      '--metrics <address:port>',
      'answer Prometheus at /metrics on this port, to whoever reaches it; off unless given',
    )
      .env('POSTERN_METRICS')
      .argParser(parsePublicListen),
  );
}

/** Serves what `gather` tells, and what the process tells of itself; without the flag nothing. Returns how to stop. */
export async function serveMetrics(
  { metrics: listen }: MetricsFlags,
  gather: () => Metric[] | Promise<Metric[]>,
): Promise<() => void> {
  if (listen === undefined) return () => undefined;
  const delay = monitorEventLoopDelay({ resolution: 20 });
  delay.enable();
  const server = createServer({ requestTimeout: 10_000, maxHeaderSize: 8_192 }, (request, response) => {
    const path = (request.url ?? '').split('?')[0];
    if (path !== '/metrics' || (request.method !== 'GET' && request.method !== 'HEAD')) {
      response.writeHead(path === '/metrics' ? 405 : 404).end();
      return;
    }
    Promise.resolve()
      .then(gather)
      .then(
        (metrics) => {
          const text = metricsText([...processMetrics(delay), ...metrics]);
          delay.reset();
          response.writeHead(200, { 'content-type': metricsMediaType }).end(text);
        },
        () => response.writeHead(503).end(),
      );
  });
  server.maxConnections = 16;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        new CommandError(
          exits.usage,
          `--metrics cannot listen at ${listen.address}:${listen.port} (${error.code ?? 'unknown error'}); give another port`,
        ),
      ),
    );
    server.listen(listen.port, listen.address, resolve);
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : listen.port;
  say(`Metrics: http://${listen.address}:${port}/metrics`);
  return () => {
    delay.disable();
    server.closeAllConnections();
    server.close();
  };
}

function processMetrics(delay: { percentile(percentile: number): number }): Metric[] {
  const { user, system } = process.cpuUsage();
  const memory = process.memoryUsage();
  return [
    {
      name: 'postern_build_info',
      type: 'gauge',
      help: 'The version that runs',
      samples: [{ value: 1, labels: { version } }],
    },
    {
      name: 'process_cpu_seconds_total',
      type: 'counter',
      help: 'Processor time of this process',
      samples: [{ value: (user + system) / 1e6 }],
    },
    gauge('process_resident_memory_bytes', 'Memory of this process', memory.rss),
    gauge('process_start_time_seconds', 'When this process began', Date.now() / 1_000 - process.uptime()),
    gauge(
      'postern_event_loop_delay_seconds',
      'By how much the event loop was late, the 99th percentile since the last asking',
      delay.percentile(99) / 1e9,
    ),
  ];
}
