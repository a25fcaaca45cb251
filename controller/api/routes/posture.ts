/** Posture: what a profile would block, who says what of devices, and the webhook by which it is said. */
import { Type } from 'typebox';
import { DeviceStanding, DryRunOutcome, PostureSourceEntry } from '../../../protocol/inventory.ts';
import { PostureProfileDocument } from '../../../protocol/posture-document.ts';
import { reasonTexts, type ReasonName } from '../../../protocol/reasons.ts';
import type { ControllerContext, Organisation } from '../../context.ts';
import { schemaIssues } from '../../organisation/schema-issues.ts';
import { dryRun, knownDevices, ownerNames, standingBy } from '../../posture/dry-run.ts';
import { profileIssues } from '../../posture/posture-issues.ts';
import { maxVerdictBytes, takeVerdicts, VerdictReport, VerdictsTaken } from '../../posture/take-verdicts.ts';
import { organisationOf } from '../access.ts';
import { ProblemError } from '../problems.ts';
import type { TypedApp } from '../typed-app.ts';

const DryRun = Type.Object(
  {
    /** The name of a profile of the document in force, or a profile as it would stand there. */
    profile: Type.Union([Type.String({ minLength: 1, maxLength: 64 }), PostureProfileDocument]),
  },
  { additionalProperties: false },
);

export function postureRoutes(app: TypedApp, context: ControllerContext): void {
  app.post(
    '/api/v1/posture/dry-run',
    {
      config: { atOnce: true, access: ['posture.read'], problems: ['not-found', 'invalid-document'] },
      schema: {
        summary: 'Which devices a posture profile would block, and by which check; changes nothing',
        body: DryRun,
        response: { 200: DryRunOutcome },
      },
      // A wrong profile is reported with the sentences of a whole document.
      validatorCompiler: () => () => true,
    },
    async (request) => {
      const organisation = context.organisation(organisationOf(request));
      const profile = await profileOf(organisation, request.body);
      const names = await ownerNames(organisation);
      const all = await dryRun(context, organisation, profile);
      return {
        profile: profile.name,
        devices: all.length,
        blocked: all.filter(({ standing }) => standing.met !== true).length,
        list: all.map(({ row, standing }) => ({
          id: row.id,
          name: row.name,
          ownerName: names.get(row.owner ?? '') ?? '',
          met: standing.met,
          checks: standing.reasons.map(shownCheck),
          ...(row.posture_ms === null ? {} : { reported: new Date(row.posture_ms).toISOString() }),
        })),
      };
    },
  );

  app.get(
    '/api/v1/posture/devices',
    {
      config: { access: ['posture.read'] },
      schema: {
        summary: 'What every device reports, what others say of it, and how it stands by all profiles',
        response: { 200: Type.Array(DeviceStanding) },
      },
    },
    async (request) => {
      const organisation = context.organisation(organisationOf(request));
      const { document } = await organisation.reader.current();
      const nowMs = context.now();
      return (await knownDevices(organisation)).map(({ row, claims }) => ({
        id: row.id,
        ...(claims.posture === undefined
          ? {}
          : { reported: new Date(claims.posture.atMs).toISOString(), facts: claims.posture.facts }),
        ...(claims.serialListed === undefined ? {} : { serialListed: claims.serialListed }),
        verdicts: Object.entries(claims.verdicts ?? {}).map(([source, { atMs, compliant }]) => ({
          source,
          compliant,
          at: new Date(atMs).toISOString(),
        })),
        checks: standingBy(document.postureProfiles ?? [], claims, nowMs).reasons.map(shownCheck),
      }));
    },
  );

  app.get(
    '/api/v1/posture/sources',
    {
      config: { access: ['posture.read'] },
      schema: {
        summary: 'The sources of verdicts: when each was heard, and how many devices it speaks of',
        response: { 200: Type.Array(PostureSourceEntry) },
      },
    },
    async (request) => {
      const { store, reader } = context.organisation(organisationOf(request));
      const { document } = await reader.current();
      const rows = await store.select('posture_sources').select(['name', 'heard_ms', 'fault']).execute();
      const verdicts = await store.select('posture_verdicts').selectAll().execute();
      const nodes = await store
        .select('nodes')
        .select(['id', 'serial'])
        .where('kind', '=', 'device')
        .execute();
      const known = new Set<string>(
        nodes.flatMap(({ id, serial }) => (serial === null ? [id] : [id, serial])),
      );
      return (document.postureSources ?? []).map(({ name, webhook }) => {
        const row = rows.find((each) => each.name === name);
        const said = verdicts.filter(({ source }) => source === name);
        const heardMs = row?.heard_ms ?? undefined;
        const fault = row?.fault ?? undefined;
        return {
          name,
          way: webhook === undefined ? ('poll' as const) : ('webhook' as const),
          ...(heardMs === undefined ? {} : { heard: new Date(heardMs).toISOString() }),
          ...(fault === undefined ? {} : { fault }),
          verdicts: said.length,
          notCompliant: said.filter(({ compliant }) => compliant === 0).length,
          unknown: said.filter(({ subject }) => !known.has(subject)).length,
        };
      });
    },
  );

  app.post(
    '/api/v1/posture/:source',
    {
      config: { access: ['source'], problems: ['conflict', 'too-many'] },
      bodyLimit: maxVerdictBytes,
      schema: {
        summary: 'Says which devices are compliant; saying the same again changes nothing',
        params: Type.Object({ source: Type.String() }),
        body: VerdictReport,
        response: { 200: VerdictsTaken },
      },
    },
    async (request) => {
      const organisation = context.organisation(organisationOf(request));
      return takeVerdicts(context, organisation, request.params.source, request.body);
    },
  );
}

function shownCheck(name: ReasonName): { name: string; met: boolean; text: string } {
  const { met, text } = reasonTexts[name];
  return { name, met, text };
}

/** The profile that is meant. Throws a problem when there is none of that name, or when it could not stand in a document. */
async function profileOf(organisation: Organisation, body: unknown): Promise<PostureProfileDocument> {
  const { document } = await organisation.reader.current();
  const given = (body as { profile?: unknown } | null)?.profile;
  if (typeof given === 'string') {
    const found = document.postureProfiles?.find(({ name }) => name === given);
    if (found === undefined)
      throw new ProblemError('not-found', `There is no posture profile "${given}" in the document in force.`);
    return found;
  }
  const issues = [
    ...schemaIssues(DryRun, body),
    ...(schemaIssues(PostureProfileDocument, given).length > 0
      ? []
      : profileIssues(given as PostureProfileDocument, document.postureSources ?? [])),
  ];
  if (issues.length > 0) throw new ProblemError('invalid-document', undefined, issues);
  return given as PostureProfileDocument;
}
