/** A controller whose provider has a directory, and the directory's side of SCIM. */
import type { LightMyRequestResponse } from 'fastify';
import type { OrganisationDocument } from '../../../protocol/organisation-document.ts';
import type { DirectoryDocument } from '../../../protocol/organisation-document.ts';
import type { AfterTest } from '../support/controller.ts';
import { acmeDocument } from '../support/document.ts';
import { requestBench, type RequestBench } from '../requests/request-bench.ts';

type Json = Record<string, unknown>;

export interface DirectoryBench extends Omit<RequestBench, 'directory'> {
  readonly directory: Directory;
  /** The state of the person with this id. */
  row(person: string): Promise<{ disabled: boolean; groups: string[] } | undefined>;
}

/** Speaks SCIM with a token, as directories do. */
export class Directory {
  readonly #bench: Pick<RequestBench, 'portal'>;
  readonly #token: string;

  constructor(bench: Pick<RequestBench, 'portal'>, token: string) {
    this.#bench = bench;
    this.#token = token;
  }

  async call(method: string, path: string, payload?: object): Promise<LightMyRequestResponse> {
    return this.#bench.portal.inject({
      method: method as 'GET',
      url: `/scim/v2/${path}`,
      headers: {
        authorization: `Bearer ${this.#token}`,
        ...(payload === undefined ? {} : { 'content-type': 'application/scim+json' }),
      },
      ...(payload === undefined ? {} : { payload: JSON.stringify(payload) }),
    });
  }

  /** The answer of a call that must succeed with this status. */
  async expect(status: number, method: string, path: string, payload?: object): Promise<Json> {
    const answer = await this.call(method, path, payload);
    if (answer.statusCode !== status)
      throw new Error(`${method} ${path} ${JSON.stringify(payload)}: ${answer.statusCode} ${answer.body}`);
    return answer.body === '' ? {} : answer.json<Json>();
  }

  /** Makes a user of this name and returns their id. */
  async user(name: string, more: Json = {}): Promise<string> {
    const made = await this.expect(201, 'POST', 'Users', {
      schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'],
      userName: `${name}@acme.example`,
      ...more,
    });
    return made['id'] as string;
  }
}

export async function directoryBench(
  test: AfterTest,
  settings: DirectoryDocument = {},
  change: (document: OrganisationDocument) => OrganisationDocument = (document) => document,
): Promise<DirectoryBench> {
  const document = acmeDocument();
  const bench = await requestBench(
    test,
    change({
      ...document,
      identityProviders: (document.identityProviders ?? []).map((provider) => ({
        ...provider,
        directory: settings,
      })),
    }),
  );
  const { store } = bench.context.organisation(bench.context.firstOrganisation);
  return {
    ...bench,
    directory: await directoryOf(bench, 'corp'),
    async row(person) {
      const row = await store
        .select('people')
        .select(['disabled_ms', 'groups'])
        .where('id', '=', person as never)
        .executeTakeFirst();
      if (row === undefined) return undefined;
      return { disabled: row.disabled_ms !== null, groups: JSON.parse(row.groups) as string[] };
    },
  };
}

/** The directory of a provider, with a token of its own. */
export async function directoryOf(
  bench: Pick<RequestBench, 'portal' | 'call'>,
  name: string,
): Promise<Directory> {
  const made = await bench.call('POST', `/api/v1/directories/${name}/tokens`, {});
  if (made.statusCode !== 201) throw new Error(made.body);
  return new Directory(bench, made.json<{ token: string }>().token);
}
