/**
 * Requests that carry random bytes made now, by either door, for a test that searches for those bytes afterwards: where they
 * are found, somebody kept what people send.
 */
import assert from 'node:assert/strict';
import { createPrivateKey, randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import type { Lab } from './lab/lab.ts';
import type { Place } from './lab/place.ts';
import type { Marker } from './memory-search.ts';

/** What carries the markers through one door. */
export interface Marked {
  readonly markers: readonly Marker[];
  /** curl's arguments for `count` requests that print one status each. */
  arguments(count: number): string[];
}

/** By the client door, at a private name that is a marker itself. */
export class MarkedName implements Marked {
  readonly #parts: Parts;
  readonly #host = randomBytes(32);

  constructor(lab: Lab, name: string) {
    this.#parts = new Parts(lab, name);
  }

  /** A label takes 63 characters, so the host's marker spans two. */
  get host(): string {
    const hex = this.#host.toString('hex');
    return `${hex.slice(0, 32)}.${hex.slice(32)}.m.acme.internal`;
  }

  get markers(): readonly Marker[] {
    return [
      ...this.#parts.markers,
      { name: 'host name', bytes: this.#host.subarray(0, 16) },
      { name: 'host name’s second half', bytes: this.#host.subarray(16) },
    ];
  }

  arguments(count: number): string[] {
    return this.#parts.arguments(count, `http://${this.host}/echo`);
  }
}

/** By the web door, in the session of a browser; the hostname is no secret, since it stands in every ClientHello. */
export class MarkedHostname implements Marked {
  readonly #parts: Parts;
  readonly #url: string;
  readonly #caFile: string;
  readonly #answer: Buffer;
  readonly #cookie: { readonly name: string; readonly value: string };

  private constructor(
    lab: Lab,
    name: string,
    {
      url,
      caFile,
      answer,
      cookie,
    }: { url: string; caFile: string; answer: Buffer } & {
      cookie: { name: string; value: string };
    },
  ) {
    this.#parts = new Parts(lab, name);
    this.#url = url;
    this.#caFile = caFile;
    this.#answer = answer;
    this.#cookie = cookie;
  }

  /**
   * @param page signed in at a public hostname, whose application answers with `answer`
   * @param caFile what its certificate is trusted by
   */
  static async of(
    lab: Lab,
    name: string,
    { page, caFile, answer }: { page: Page; caFile: string; answer: Buffer },
  ): Promise<MarkedHostname> {
    const url = new URL('/', page.url()).href;
    const cookies = await page.context().cookies(url);
    const cookie = cookies.find((each) => each.name === '__Host-postern');
    assert.ok(cookie !== undefined, 'the browser has a session');
    return new MarkedHostname(lab, name, { url, caFile, answer, cookie });
  }

  get markers(): readonly Marker[] {
    const own = this.#parts.markers.map(({ name, bytes }) => ({ name: `${name} at the hostname`, bytes }));
    return [...own, { name: 'answer', bytes: this.#answer }, this.cookie];
  }

  /** Which goes no further than the connector. */
  get cookie(): Marker {
    return { name: 'session cookie', bytes: Buffer.from(this.#cookie.value, 'base64url') };
  }

  arguments(count: number): string[] {
    const { name, value } = this.#cookie;
    return ['--cacert', this.#caFile, '-b', `${name}=${value}`, ...this.#parts.arguments(count, this.#url)];
  }
}

/**
 * The private key that a connector serves `host` with, as its state has it, and as OpenSSL has it in memory: the number's
 * words, the lowest first.
 */
export function keyMarkers(
  state: string,
  host: string,
): { readonly certificate: string; readonly markers: readonly Marker[] } {
  const kept = JSON.parse(readFileSync(join(state, 'web-certificates.json'), 'utf8')) as Record<
    string,
    { cert: string; key: string }
  >;
  const issued = kept[host];
  assert.ok(issued !== undefined, `the connector has a certificate of ${host}`);
  const number = Buffer.from(createPrivateKey(issued.key).export({ format: 'jwk' }).d ?? '', 'base64url');
  return {
    certificate: issued.cert,
    markers: [
      // What is left of it in the second line of its PEM.
      { name: 'key', bytes: number.subarray(12) },
      { name: 'key in use', bytes: Buffer.from(number.toReversed()) },
    ],
  };
}

/** Sends so many marked requests and checks that each was answered. */
export async function sendMarked(place: Place, marked: Marked, count: number): Promise<void> {
  const { code, stdout, stderr } = await place.run('curl', marked.arguments(count), { timeoutMs: 120_000 });
  assert.equal(code, 0, stderr);
  assert.equal(stdout, '200\n'.repeat(count));
}

/** What every request has. */
class Parts {
  readonly #url = randomBytes(32);
  readonly #header = randomBytes(32);
  readonly #body = randomBytes(32);
  readonly #bodyFile: string;

  constructor(lab: Lab, name: string) {
    this.#bodyFile = join(lab.dir, `body-${name}`);
    writeFileSync(this.#bodyFile, Buffer.concat(Array.from({ length: 32 }, () => this.#body)));
  }

  get markers(): Marker[] {
    return [
      { name: 'URL', bytes: this.#url },
      { name: 'header', bytes: this.#header },
      { name: 'body', bytes: this.#body },
    ];
  }

  /** Each request on a connection of its own. */
  arguments(count: number, url: string): string[] {
    return [
      ...['-sS', '-o', '/dev/null', '-w', '%{http_code}\n', '--parallel', '--parallel-max', '8', '--http1.1'],
      ...['-H', 'Connection: close', '-H', `x-marker: ${this.#header.toString('base64')}`],
      ...['--data-binary', `@${this.#bodyFile}`],
      `${url}?${this.#url.toString('hex')}&n=[1-${count}]`,
    ];
  }
}
