/**
 * What devices have to be like, and who says so from outside, as `postern.yaml` and the API write it. What devices report is
 * `PostureFacts` in posture-facts.ts.
 */
import { Type, type Static } from 'typebox';
import { closed, Duration, Names, ShortName } from './document-forms.ts';
import { maxAsked } from './posture.ts';

const VersionText = Type.String({ pattern: '^[0-9]+(\\.[0-9]+){0,3}$' });
const AtLeast = Type.Optional(Type.Literal(true));
const checksOfEverySystem = {
  minVersion: Type.Optional(VersionText),
  diskEncryption: AtLeast,
  firewall: AtLeast,
  /** `true`, or the longest time without input after which the screen is locked. */
  screenLock: Type.Optional(Type.Union([Type.Literal(true), Duration])),
  /** `true`, or any of these products (protocol/posture.ts). */
  antivirus: Type.Optional(Type.Union([Type.Literal(true), Names])),
  secureBoot: AtLeast,
  automaticUpdates: AtLeast,
  /** Names of programs that run, without their folder. */
  processes: Type.Optional(
    Type.Array(Type.String({ pattern: '^[A-Za-z0-9._+-][A-Za-z0-9 ._+-]{0,63}$' }), {
      minItems: 1,
      maxItems: maxAsked,
    }),
  ),
  minClientVersion: Type.Optional(VersionText),
  /** The serial number stands in `serials`. */
  knownSerial: AtLeast,
};
const unixFiles = {
  /** Files or folders that exist, by their whole path. */
  files: Type.Optional(
    Type.Array(Type.String({ pattern: '^/[^\\u0000-\\u001f]{1,255}$' }), { minItems: 1, maxItems: maxAsked }),
  ),
};
const windowsFiles = {
  files: Type.Optional(
    Type.Array(Type.String({ pattern: '^[A-Za-z]:\\\\[^\\u0000-\\u001f]{1,252}$' }), {
      minItems: 1,
      maxItems: maxAsked,
    }),
  ),
};

/** What a device has to be like, by system. A system that is not named fails; so does a fact that is not known. */
export const PostureProfileDocument = Type.Object(
  {
    name: ShortName,
    linux: Type.Optional(
      Type.Object(
        {
          ...checksOfEverySystem,
          ...unixFiles,
          /** By the ID of os-release, the least version of each distribution that serves; `any` for those without. */
          distribution: Type.Optional(
            Type.Record(
              Type.String({ pattern: '^[a-z0-9._-]{1,32}$' }),
              Type.Union([Type.Literal('any'), VersionText]),
              { minProperties: 1, maxProperties: 32, additionalProperties: false },
            ),
          ),
        },
        closed,
      ),
    ),
    macos: Type.Optional(Type.Object({ ...checksOfEverySystem, ...unixFiles }, closed)),
    windows: Type.Optional(Type.Object({ ...checksOfEverySystem, ...windowsFiles }, closed)),
    /** Sources that must each call the device compliant. */
    verdicts: Type.Optional(Names),
    /** Facts and verdicts older than this count as unknown; five minutes unless said. */
    freshness: Type.Optional(Duration),
  },
  closed,
);

/** Who says from outside which devices are compliant: it sends verdicts (webhook), or is asked for them (poll). */
export const PostureSourceDocument = Type.Object(
  {
    name: ShortName,
    webhook: Type.Optional(
      Type.Object({ secret: Type.String({ pattern: '^[!-~]{16,1024}$', writeOnly: true }) }, closed),
    ),
    poll: Type.Optional(
      Type.Object(
        {
          url: Type.String({ pattern: '^https?://', maxLength: 2_048 }),
          token: Type.Optional(Type.String({ pattern: '^[!-~]{1,1024}$', writeOnly: true })),
          every: Type.Optional(Duration),
          /** PEM of the source's own authority, where it has one. The command line reads it from a file. */
          ca: Type.Optional(Type.String({ maxLength: 65_536 })),
        },
        closed,
      ),
    ),
  },
  closed,
);

export type PostureProfileDocument = Static<typeof PostureProfileDocument>;
export type PostureSourceDocument = Static<typeof PostureSourceDocument>;
