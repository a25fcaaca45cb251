/** A file of any size that a page in a real browser uploads, as a person does who has chosen it. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';

const block = Buffer.from(Array.from({ length: 1_048_576 }, (_, at) => (at * 7 + (at >> 8)) & 0xff));

/** Uploads so many megabytes to `/upload` of the page's application, and finds that all of them arrived as they were. */
export async function uploadFile(page: Page, megabytes: number): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'postern-upload-'));
  try {
    const path = join(directory, 'file');
    const hash = createHash('sha256');
    const file = await open(path, 'w');
    for (let written = 0; written < megabytes; written++) {
      hash.update(block);
      await file.write(block);
    }
    await file.close();
    await page.evaluate(`document.body.insertAdjacentHTML('beforeend', '<input type="file">')`);
    const input = page.locator('input[type=file]');
    await input.setInputFiles(path);
    const uploaded = await input.evaluate(async (element) => {
      const [body] = (element as unknown as { readonly files: Iterable<Blob> }).files;
      const answer = await fetch('/upload', { method: 'POST', body: body ?? null });
      return (await answer.json()) as { length: number; hash: string };
    });
    assert.deepEqual(uploaded, { length: megabytes * block.length, hash: hash.digest('hex') });
  } finally {
    await rm(directory, { recursive: true });
  }
}
