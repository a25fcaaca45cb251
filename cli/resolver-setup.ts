/** How this system finds names, as far as its files and systemd-resolved say: for whoever looks for a fault from afar. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';

export interface ResolverSetup {
  readonly servers: readonly string[];
  readonly search: readonly string[];
  readonly options: readonly string[];
  /** Where the C library looks for hosts, in order. */
  readonly sources: readonly string[];
  /** What systemd-resolved asks for what; absent where it does not run. */
  readonly resolved?: readonly {
    readonly link: string;
    readonly servers?: string[];
    readonly domains?: string[];
  }[];
}

/** @param root where the system's files are; "" for this system */
export async function resolverSetup(root = ''): Promise<ResolverSetup> {
  const lines = linesOf(`${root}/etc/resolv.conf`);
  const hosts = linesOf(`${root}/etc/nsswitch.conf`).find(([key]) => key === 'hosts:');
  const valuesOf = (...keys: string[]): string[] =>
    lines.filter(([key = '']) => keys.includes(key)).flatMap(([, ...values]) => values);
  const [servers, domains] = await Promise.all([resolvectl('dns'), resolvectl('domain')]);
  return {
    servers: valuesOf('nameserver'),
    search: valuesOf('search', 'domain'),
    options: valuesOf('options'),
    sources: hosts?.slice(1) ?? [],
    ...(servers === undefined || domains === undefined
      ? {}
      : {
          resolved: [
            ...servers.map(({ link, values }) => ({ link, servers: values })),
            ...domains.map(({ link, values }) => ({ link, domains: values })),
          ],
        }),
  };
}

/** Words of each line, comments left out; none where it cannot be read. */
function linesOf(path: string): string[][] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return [];
  }
  return text
    .split('\n')
    .map((line) => line.replace(/[#;].*$/, '').trim())
    .filter((line) => line !== '')
    .map((line) => line.split(/\s+/));
}

/** One question to resolved: what it says of each link that has something. Undefined where it does not run. */
function resolvectl(question: 'dns' | 'domain'): Promise<{ link: string; values: string[] }[] | undefined> {
  return new Promise((resolve) => {
    execFile('resolvectl', [question, '--no-pager'], { timeout: 5_000 }, (error, stdout) => {
      resolve(error === null ? parseLinks(stdout) : undefined);
    });
  });
}

/** Lines such as `Link 2 (eth0): 192.0.2.1 192.0.2.2`. */
export function parseLinks(text: string): { link: string; values: string[] }[] {
  return text.split('\n').flatMap((line) => {
    const [, link, values = ''] = /^(?:Link \d+ \((.+?)\)|Global):(.*)$/.exec(line) ?? [];
    const words = values.trim().split(/\s+/).filter(Boolean);
    return words.length === 0 ? [] : [{ link: link ?? 'global', values: words }];
  });
}
