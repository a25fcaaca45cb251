/**
 * Serves the built pages (`dist/web`). Every page is the same file; the browser's address says which one it shows. What is
 * no page and no file is not found.
 */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { adminPages, portalPages } from '../../protocol/pages.ts';
import type { Random } from '../../protocol/clock.ts';
import { pagePolicy } from '../api/security-headers.ts';
import { ProblemError } from '../api/problems.ts';

/** Where the build leaves room for the nonce (web/vite.config.ts). */
const noncePlace = 'POSTERN-NONCE';

const config = { access: 'public', unbounded: true } as const;
const aPage = { description: 'The page', media: 'text/html' };
/** Those for administrators are behind one route, and found in the list by their parts. */
const adminRoot = '/admin';
const adminPatterns = adminPages.map((path) => path.split('/'));

export async function servePages(app: FastifyInstance, random: Random): Promise<void> {
  const root = pagesFolder();
  if (root === undefined) {
    app.log.warn('the pages are not built: run npm run build');
    return;
  }
  const pieces = (await readFile(`${root}/index.html`, 'utf8')).split(noncePlace);
  const sendPage = (reply: FastifyReply): FastifyReply => {
    const nonce = random(18).toString('base64');
    return reply
      .header('content-security-policy', pagePolicy(nonce))
      .type('text/html; charset=utf-8')
      .send(pieces.join(nonce));
  };
  await app.register(fastifyStatic, { root, serve: false, preCompressed: true });
  const notFound = (request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    if (!wantsPage(request)) throw new ProblemError('not-found');
    return sendPage(reply.code(404));
  };
  const page = async (_request: FastifyRequest, reply: FastifyReply) => sendPage(reply);
  for (const path of [...portalPages, adminRoot])
    app.get(path, { config: { ...config, answers: { 200: aPage } }, schema: { summary: 'A page' } }, page);
  const missing = { 404: { ...aPage, description: 'A page that says so; a program gets the problem' } };
  app.get(
    `${adminRoot}/*`,
    {
      config: { ...config, answers: { 200: aPage, ...missing } },
      schema: { summary: 'A page for administrators' },
    },
    async (request, reply) => {
      const [path = ''] = request.url.split('?');
      return isAdminPage(path) ? sendPage(reply) : notFound(request, reply);
    },
  );
  const icon = { 200: { description: 'The icon', media: 'image/svg+xml' } };
  app.get(
    '/favicon.svg',
    { config: { ...config, answers: icon }, schema: { summary: 'The icon of the pages' } },
    async (_request, reply) => reply.sendFile('favicon.svg', { maxAge: '1d' }),
  );
  // File names carry a digest of their content.
  app.get<{ Params: { '*': string } }>(
    '/assets/*',
    {
      config: { ...config, answers: { 200: { description: 'The file', media: '*/*' } } },
      schema: { summary: 'A file of the pages' },
    },
    async (request, reply) => {
      const name = request.params['*'];
      if (!/^[\w-]+\.(js|css)$/.test(name) || !existsSync(`${root}/assets/${name}`))
        throw new ProblemError('not-found');
      return reply.sendFile(`assets/${name}`, { maxAge: '365d', immutable: true });
    },
  );
  app.get(
    '/*',
    { config: { ...config, answers: missing }, schema: { summary: 'Whatever is not there' } },
    async (request, reply) => notFound(request, reply),
  );
}

function isAdminPage(path: string): boolean {
  const parts = path.split('/');
  return adminPatterns.some(
    (pattern) =>
      pattern.length === parts.length &&
      pattern.every((part, place) => (part.startsWith('$') ? parts[place] !== '' : part === parts[place])),
  );
}

/** A person's browser asks for a page; a program gets the API's error. */
function wantsPage({ url, headers }: FastifyRequest): boolean {
  return !url.startsWith('/api/') && (headers.accept ?? '').includes('text/html');
}

/** `dist/web`, from the built program or from its source; undefined when it was not built. */
function pagesFolder(): string | undefined {
  const relative = import.meta.url.endsWith('.ts') ? '../../dist/web' : '../../web';
  const folder = fileURLToPath(new URL(relative, import.meta.url));
  return existsSync(`${folder}/index.html`) ? folder : undefined;
}
