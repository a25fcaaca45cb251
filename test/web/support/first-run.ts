/**
 * A person's first run, as the pages ask for it, on a controller and a connector that are processes of their own: the setup
 * link, a passkey, the copied line, something protected, a refusal. Driven by a test and measured by the bench.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium, type Browser, type Page } from 'playwright-core';
import { findProgram } from '../../../scripts/programs.ts';
import { freePort } from '../../support/servers/free-port.ts';
import { noteActions } from './mutations.ts';

const launcher = fileURLToPath(new URL('../../../bin/postern', import.meta.url));

/** A program whose output is kept. */
export class Running {
  output = '';
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;

  constructor(args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
    const { PATH = '', HOME = '' } = process.env;
    this.#child = spawn(process.execPath, [launcher, ...args], { env: { PATH, HOME, ...environment } });
    this.#ended = once(this.#child, 'close');
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.on('data', (chunk: Buffer) => {
        this.output += chunk.toString();
        this.#child.emit('said');
      });
  }

  /** What `pattern` finds in its output, now or later; rejects when it ends before. */
  async says(pattern: RegExp): Promise<string> {
    for (;;) {
      const found = pattern.exec(this.output);
      if (found !== null) return found[1] ?? found[0];
      if (this.#child.exitCode !== null) throw new Error(`it ended:\n${this.output}`);
      await Promise.race([once(this.#child, 'said'), this.#ended]);
    }
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode === null) this.#child.kill('SIGTERM');
    await this.#ended;
  }
}

export interface FirstRun {
  readonly page: Page;
  readonly browser: Browser;
  readonly setupLink: string;
  /** Where public hostnames are taken, on loopback. */
  readonly webPort: number;
  /** Where the private application listens, and how often it was asked. */
  readonly application: {
    readonly port: number;
    readonly asked: () => number;
    /** Answers of `/stream` that are open; it never ends one by itself. */
    readonly streams: () => number;
  };
  /** Runs the line that the page shows, with a state folder of its own in the place of the system's. */
  readonly run: (line: string) => Running;
  /** Runs the program with these words, ended with the rest. */
  readonly start: (words: readonly string[], environment: Readonly<Record<string, string>>) => Running;
  /** Where everything of it lies. */
  readonly folder: string;
  readonly close: () => Promise<void>;
}

/** A controller without anything, an application beside it, and a browser with an authenticator. */
export async function openFirstRun(): Promise<FirstRun> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-first-run-'));
  const [port, webPort] = [await freePort(), await freePort()];
  const publicUrl = `http://postern.localhost:${port}`;
  const controller = new Running([
    'controller',
    ...['--listen', `127.0.0.1:${port}`, '--public-url', publicUrl],
    ...['--web-listen', `127.0.0.1:${webPort}`, '--data', join(folder, 'controller')],
  ]);
  const programs = [controller];
  let asked = 0;
  let streams = 0;
  const application: Server = createServer((request, response) => {
    asked += 1;
    if (request.url === '/stream') {
      streams += 1;
      response.once('close', () => (streams -= 1));
      response.write('here');
      return;
    }
    response.setHeader('content-type', 'text/html');
    response.end(`<h1>Acme wiki</h1><p>${String(request.headers['remote-email'])}</p>`);
  });
  application.listen(0, '127.0.0.1');
  await once(application, 'listening');
  const browser = await chromium.launch({
    executablePath: findProgram('chromium'),
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking'],
  });
  const context = await browser.newContext({
    viewport: { width: 1_440, height: 900 },
    ignoreHTTPSErrors: true,
    reducedMotion: 'reduce',
  });
  noteActions(context);
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  const devtools = await context.newCDPSession(page);
  await devtools.send('WebAuthn.enable');
  await devtools.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  return {
    page,
    browser,
    webPort,
    setupLink: await controller.says(/(http:\S+\/setup#\S+)/),
    application: {
      port: (application.address() as AddressInfo).port,
      asked: () => asked,
      streams: () => streams,
    },
    folder,
    start(words, environment) {
      const running = new Running(words, environment);
      programs.push(running);
      return running;
    },
    run(line) {
      const [program, ...args] = line.replace('/var/lib/postern', join(folder, 'connector')).split(' ');
      if (program !== 'postern') throw new Error(`the line is no command of ours: ${line}`);
      const running = new Running(args);
      programs.push(running);
      return running;
    },
    async close() {
      await browser.close();
      application.closeAllConnections();
      application.close();
      for (const program of programs.toReversed()) await program.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Waits as long as a person takes to read so many words and find the next button; nothing in tests. */
export type Read = (words: number) => Promise<void>;

/** Becomes the owner by the setup link. */
export async function becomeOwner(
  { page, setupLink }: FirstRun,
  read: Read = async () => undefined,
): Promise<void> {
  await page.goto(setupLink);
  await read(60);
  await page.getByLabel('Name').fill('Olga Owner');
  await page.getByLabel('E-mail').fill('olga@acme.example');
  await page.getByRole('button', { name: 'Continue with a passkey' }).click();
  await page.getByRole('heading', { name: 'You are the owner' }).waitFor();
  await read(60);
}

/** One step after the other; `told` hears of each as it is done. The page is that of the application. */
export async function firstRun(run: FirstRun, told: (step: string) => void, read: Read): Promise<Page> {
  const { page, application } = run;
  await becomeOwner(run, read);
  told('owner');
  await page.getByRole('link', { name: /go on/ }).click();
  await page.getByRole('link', { name: 'Begin' }).click();
  await read(40);

  await page.getByRole('button', { name: 'Make the line' }).click();
  const line = await page.getByRole('region', { name: 'The line to run' }).innerText();
  const steps = page.getByRole('list', { name: 'Steps', exact: true });
  if ((await steps.getByLabel('Done').count()) !== 0) throw new Error('a step was done before the line ran');
  told('line');
  await read(40);
  run.run(line);
  for (const [place, text] of [/key used/, /joined/, /answering/, /relay/].entries())
    await steps.getByRole('listitem').nth(place).filter({ hasText: text }).getByLabel('Done').waitFor();
  told('connected');
  await page.getByRole('button', { name: 'Go on' }).click();
  await read(50);

  await page.getByLabel('Name or address').fill('localhost');
  await page.getByLabel('Port', { exact: true }).fill(String(application.port));
  await page.getByLabel('As', { exact: true }).selectOption('http');
  await page.getByRole('button', { name: 'Test it from the connector' }).click();
  await page.getByText('The connector gets there.', { exact: true }).waitFor();
  told('tested');
  await read(30);
  await page.getByLabel('Called').fill('wiki');
  await page.getByRole('button', { name: 'Protect it' }).click();
  await page.getByText('wiki is protected.').waitFor();
  told('protected');
  await read(40);
  const link = page.getByRole('link', { name: 'Open wiki' });
  await link.waitFor();
  const [opened] = await Promise.all([page.context().waitForEvent('page'), link.click()]);
  await opened.getByRole('heading', { name: 'Acme wiki' }).waitFor();
  told('opened');
  await read(20);

  await page.getByRole('button', { name: 'Say no to me' }).click();
  await page.getByText('You may not use wiki').waitFor();
  told('refused');
  await read(30);
  await page.getByRole('button', { name: 'Let me in again' }).click();
  await page.getByText('You have seen both answers.').waitFor();
  told('done');
  return opened;
}
