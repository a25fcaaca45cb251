/** What each text that starts a connector says, read as its own machine reads it: the program's words, and its environment. */
import assert from 'node:assert/strict';
import { parse, parseAllDocuments } from 'yaml';

export interface StartedBy {
  /** What `bin/postern` is given. */
  readonly words: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

export interface ComposeService {
  readonly image: string;
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly [key: string]: unknown;
}

/** As a POSIX shell splits a line: quotes hold words together, a backslash before a line's end joins it with the next. */
export function shellWords(line: string): string[] {
  const words = line.replaceAll('\\\n', ' ').match(/'[^']*'|\S+/g) ?? [];
  return words.map((word) => word.replace(/^'(.*)'$/, '$1'));
}

export function byShell(text: string): StartedBy {
  const [program, ...words] = shellWords(text);
  assert.equal(program, 'postern');
  return { words, environment: {} };
}

/** Options of `docker run` that take a value, in the way these texts write them. */
const takesValue = new Set([
  ...['--name', '--restart', '--tmpfs', '--cap-drop', '--security-opt', '--network'],
  ...['--health-cmd', '--stop-timeout', '-v', '-e'],
]);

export function byDocker(
  text: string,
): StartedBy & { readonly image: string; readonly options: readonly string[] } {
  const [docker, run, ...rest] = shellWords(text);
  assert.deepEqual([docker, run], ['docker', 'run']);
  const options: string[] = [];
  const environment: Record<string, string> = {};
  while (rest[0]?.startsWith('-') === true) {
    const option = rest.shift() ?? '';
    const value = takesValue.has(option) ? rest.shift() : undefined;
    options.push(value === undefined ? option : `${option} ${value}`);
    if (option !== '-e') continue;
    const [, name = '', content = ''] = /^(\w+)=(.*)$/.exec(value ?? '') ?? [];
    environment[name] = content;
  }
  const [image = '', ...words] = rest;
  return { words, environment, image, options };
}

export function byCompose(text: string): StartedBy & { readonly service: ComposeService } {
  const { services } = parse(text) as { services: Record<string, ComposeService> };
  const [service] = Object.values(services);
  assert.ok(service !== undefined);
  return { words: service.command, environment: service.environment, service };
}

/** @param credentials, states where systemd would put the credential and the state; the credential's text comes with it */
export function bySystemd(
  text: string,
  credentials: string,
  states: string,
): StartedBy & { readonly key: string } {
  const start = /^ExecStart=(.*)$/m.exec(text)?.[1] ?? '';
  const [program, ...words] = shellWords(start.replaceAll('%d', credentials).replaceAll('%S', states));
  assert.equal(program, '/usr/local/bin/postern');
  const [, key = '', file = ''] = /^echo (\S+) \| sudo install -m 0600 \/dev\/stdin (\S+)$/m.exec(text) ?? [];
  assert.match(text, new RegExp(`^LoadCredential=key:${file}$`, 'm'));
  return { words, environment: {}, key };
}

export interface KubernetesText extends StartedBy {
  readonly documents: readonly { readonly kind: string; readonly [key: string]: unknown }[];
}

export function byKubernetes(text: string): KubernetesText {
  const yaml = /^kubectl apply -f - <<'YAML'\n([^]*)\nYAML\n$/.exec(text)?.[1] ?? '';
  const documents = parseAllDocuments(yaml).map(
    (each) => each.toJS() as { kind: string } & Record<string, unknown>,
  );
  const [secret, set] = documents as unknown as [
    { metadata: { name: string }; stringData: Record<string, string> },
    {
      spec: {
        template: {
          spec: {
            containers: {
              args: string[];
              env: { name: string; valueFrom: { secretKeyRef: { name: string; key: string } } }[];
            }[];
          };
        };
      };
    },
  ];
  const [container] = set.spec.template.spec.containers;
  assert.ok(container !== undefined);
  const environment = Object.fromEntries(
    container.env.map(({ name, valueFrom: { secretKeyRef } }) => {
      assert.equal(secretKeyRef.name, secret.metadata.name);
      return [name, secret.stringData[secretKeyRef.key] ?? ''];
    }),
  );
  return { words: container.args, environment, documents };
}
