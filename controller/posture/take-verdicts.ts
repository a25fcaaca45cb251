/**
 * Takes what a source says of devices, from its webhook or from an answer to the poller: keeps the last word on each,
 * remembers it across restarts, and has the devices it is about decided anew at once. Saying the same again changes
 * nothing; an older word does not replace a newer one.
 */
import { Type, type Static } from 'typebox';
import { idPattern, type DeviceId } from '../../protocol/ids.ts';
import { normalSerial } from '../../protocol/posture.ts';
import { ProblemError } from '../api/problems.ts';
import { appendAudit } from '../audit/append-audit.ts';
import type { ControllerContext, Organisation } from '../context.ts';
import type { ScopedStore } from '../store/scoped-store.ts';

/** So much a source may say at once, and so many devices it may know. */
export const maxVerdictBytes = 1_048_576;
const maxVerdicts = 10_000;
const maxSubjects = 50_000;
/** So many devices are named in an answer and in the audit log; the rest are counted. */
const maxNamed = 100;

export const VerdictReport = Type.Object(
  {
    verdicts: Type.Array(
      Type.Object(
        {
          /** Exactly one of the two says which device is meant. */
          serial: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
          device: Type.Optional(Type.String({ pattern: idPattern('dev') })),
          compliant: Type.Boolean(),
          /** When the source found this out; the time it says so unless given, and never later than that. */
          at: Type.Optional(Type.String({ format: 'date-time' })),
        },
        { additionalProperties: false },
      ),
      { maxItems: maxVerdicts },
    ),
  },
  { additionalProperties: false },
);
export type VerdictReport = Static<typeof VerdictReport>;

/** What became of it. */
export const VerdictsTaken = Type.Object({
  /** Verdicts that are new or newer than what was known. */
  taken: Type.Integer(),
  /** Those among them that say otherwise than before. */
  changed: Type.Integer(),
  /** Older than what was known, and left aside. */
  outdated: Type.Integer(),
  /** About no device that is known now; they are kept for when it appears. */
  unknown: Type.Object({ count: Type.Integer(), subjects: Type.Array(Type.String()) }),
});
export type VerdictsTaken = Static<typeof VerdictsTaken>;

interface Verdict {
  readonly subject: string;
  readonly compliant: number;
  readonly at_ms: number;
}

/** Throws a `ProblemError` when the report cannot be taken; then nothing of it is. */
export async function takeVerdicts(
  context: ControllerContext,
  organisation: Organisation,
  source: string,
  { verdicts }: VerdictReport,
): Promise<VerdictsTaken> {
  const nowMs = context.now();
  const said = latestOfEach(verdicts, nowMs);
  const { taken, changed, devices, unknown } = await organisation.store.transaction(async (tx) => {
    const before = await knownVerdicts(tx, source);
    const newer = said.filter((verdict) => supersedes(verdict, before.get(verdict.subject)));
    const added = newer.filter(({ subject }) => !before.has(subject));
    if (before.size + added.length > maxSubjects) {
      const detail = `The source "${source}" would speak of more than ${maxSubjects} devices; apply a document without it and add it again to begin anew.`;
      throw new ProblemError('conflict', detail);
    }
    for (let at = 0; at < newer.length; at += 500) {
      const rows = newer.slice(at, at + 500).map((verdict) => ({ source, ...verdict }));
      await tx
        .insert('posture_verdicts', rows)
        .onConflict((on) =>
          on.columns(['organisation', 'source', 'subject']).doUpdateSet((eb) => ({
            compliant: eb.ref('excluded.compliant'),
            at_ms: eb.ref('excluded.at_ms'),
          })),
        )
        .execute();
    }
    await tx
      .update('posture_sources')
      .set({ heard_ms: nowMs, fault: null })
      .where('name', '=', source)
      .execute();
    const turned = newer.filter(({ subject, compliant }) => before.get(subject)?.compliant !== compliant);
    const found = await devicesMeant(
      tx,
      said.map(({ subject }) => subject),
    );
    if (turned.length > 0) await audit(tx, source, turned, nowMs);
    const inOrder = [...turned, ...newer].flatMap(({ subject }) => found.get(subject) ?? []);
    return {
      taken: newer,
      changed: turned,
      devices: [...new Set(inOrder)],
      unknown: said.flatMap(({ subject }) => (found.has(subject) ? [] : [subject])),
    };
  });
  if (devices.length > 0) await context.publish(organisation.id, { kind: 'devices', devices });
  return {
    taken: taken.length,
    changed: changed.length,
    outdated: said.length - taken.length,
    unknown: { count: unknown.length, subjects: unknown.slice(0, maxNamed) },
  };
}

/** One verdict for each subject: the latest, and of several at once the worst. */
function latestOfEach(verdicts: VerdictReport['verdicts'], nowMs: number): Verdict[] {
  const latest = new Map<string, Verdict>();
  for (const [index, { serial, device, compliant, at }] of verdicts.entries()) {
    const subject = device ?? normalSerial(serial ?? '');
    if ((serial === undefined) === (device === undefined) || subject === '') {
      throw new ProblemError('invalid-request', undefined, [
        { path: ['verdicts', index], message: 'a verdict names exactly one of serial and device' },
      ]);
    }
    const givenMs = at === undefined ? nowMs : Date.parse(at);
    // A clock that runs ahead makes no verdict fresher than now.
    const verdict = {
      subject,
      compliant: compliant ? 1 : 0,
      at_ms: Number.isNaN(givenMs) ? nowMs : Math.min(givenMs, nowMs),
    };
    if (supersedes(verdict, latest.get(subject))) latest.set(subject, verdict);
  }
  return [...latest.values()];
}

/** Later, or as late and worse. The same again is neither. */
function supersedes(verdict: Verdict, before: Omit<Verdict, 'subject'> | undefined): boolean {
  if (before === undefined || verdict.at_ms > before.at_ms) return true;
  return verdict.at_ms === before.at_ms && verdict.compliant < before.compliant;
}

async function knownVerdicts(
  tx: ScopedStore,
  source: string,
): Promise<Map<string, Omit<Verdict, 'subject'>>> {
  const rows = await tx
    .select('posture_verdicts')
    .select(['subject', 'compliant', 'at_ms'])
    .where('source', '=', source)
    .execute();
  return new Map(rows.map(({ subject, ...verdict }) => [subject, verdict]));
}

/** The devices that are meant, by subject: one by its id, any number by a serial number. */
async function devicesMeant(tx: ScopedStore, subjects: readonly string[]): Promise<Map<string, DeviceId[]>> {
  const meant = new Map<string, DeviceId[]>();
  for (let at = 0; at < subjects.length; at += 500) {
    const chunk = subjects.slice(at, at + 500);
    const rows = await tx
      .select('nodes')
      .select(['id', 'serial'])
      .where('kind', '=', 'device')
      .where((eb) => eb.or([eb('id', 'in', chunk as DeviceId[]), eb('serial', 'in', chunk)]))
      .execute();
    for (const { id, serial } of rows) {
      for (const subject of serial === null ? [id] : [id, serial]) {
        if (!chunk.includes(subject)) continue;
        meant.set(subject, [...(meant.get(subject) ?? []), id as DeviceId]);
      }
    }
  }
  return meant;
}

async function audit(
  tx: ScopedStore,
  source: string,
  turned: readonly Verdict[],
  atMs: number,
): Promise<void> {
  const named = turned
    .slice(0, maxNamed)
    .map(({ subject, compliant }) => ({ subject, compliant: compliant === 1 }));
  const detail = { source, count: turned.length, verdicts: named };
  const who = `posture source ${source}`;
  await appendAudit(tx, [{ atMs, who, what: 'posture.verdict', result: 'done', detail }]);
}
