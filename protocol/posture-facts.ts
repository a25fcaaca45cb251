/** What a device reports about itself, and what it is asked for: part of the control channel's messages and of snapshots. */
import { Type, type Static } from 'typebox';
import { maxAsked } from './posture.ts';

const text = Type.String({ maxLength: 256 });

/**
 * What a device reports about itself. A fact that is not known, or that no profile asks for, is absent; `false` and an
 * empty list are known. Claims of the device, and nothing more.
 */
export const PostureFacts = Type.Object({
  os: Type.Union([Type.Literal('linux'), Type.Literal('macos'), Type.Literal('windows')]),
  /** Version of the system as it numbers itself; on Linux the kernel's, e.g. `6.1.0-13-amd64`. */
  osVersion: Type.Optional(text),
  /** The distribution and its version, for people to read; decides nothing. */
  distribution: Type.Optional(text),
  /** `ID` and `VERSION_ID` of os-release; the latter is absent where the distribution has no versions. */
  distributionId: Type.Optional(Type.String({ maxLength: 32 })),
  distributionVersion: Type.Optional(Type.String({ maxLength: 64 })),
  clientVersion: text,
  /** Whether everything below `/` and `/home`, or the system volume, is encrypted on disk. */
  diskEncryption: Type.Optional(Type.Boolean()),
  firewall: Type.Optional(Type.Boolean()),
  screenLock: Type.Optional(Type.Boolean()),
  /** Seconds without input until the screen is locked, where `screenLock`; absent when that is not known. */
  screenLockAfter: Type.Optional(Type.Integer({ minimum: 0, maximum: 31_536_000 })),
  /** Products that run, by the names of protocol/posture.ts. */
  antivirus: Type.Optional(Type.Array(Type.String({ maxLength: 32 }), { maxItems: 16 })),
  secureBoot: Type.Optional(Type.Boolean()),
  automaticUpdates: Type.Optional(Type.Boolean()),
  /** The programs and files that the controller asked for, and no others. */
  processes: Type.Optional(
    Type.Array(Type.Object({ name: Type.String({ maxLength: 64 }), running: Type.Boolean() }), {
      maxItems: maxAsked,
    }),
  ),
  files: Type.Optional(
    Type.Array(Type.Object({ path: text, present: Type.Boolean() }), { maxItems: maxAsked }),
  ),
  serial: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
});

/** What the controller wants to know of a device: nothing else is collected. */
export const PostureWanted = Type.Object({
  /** Which checks, and the resources, among those the person may know of, that need each: some by name, and how many. */
  checks: Type.Array(
    Type.Object({ check: Type.String(), resources: Type.Array(Type.String()), count: Type.Integer() }),
  ),
  processes: Type.Array(Type.String({ maxLength: 64 })),
  files: Type.Array(text),
});

export type PostureFacts = Static<typeof PostureFacts>;
export type PostureWanted = Static<typeof PostureWanted>;
