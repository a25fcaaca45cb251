/** Guards of the connector: sessions and their streams, what grants cover, and what is recorded. */
import { guards, type Mutant } from './mutant.ts';

export const connectorMutants: readonly Mutant[] = [
  ...guards(
    'connector/connector.ts',
    ['test/client/draining.test.ts'],
    [
      [
        'a connector drains as an administrator says',
        '    if (isDrained) sessions.drain();\n    else sessions.resume();\n',
        '',
      ],
      [
        'a connector that ends is not taken back',
        'if (isLeaving || isDrained === sessions.isDraining) return;',
        'if (isDrained === sessions.isDraining) return;',
      ],
    ],
  ),
  ...guards(
    'connector/dial/target-health.ts',
    ['test/connector/target-health.test.ts'],
    [
      [
        'what a connector remembers of a target is bounded',
        '    if (state.changes.length > maxHealthChanges) state.changes.shift();\n',
        '',
      ],
      [
        'ports that a connector remembers of a resource are bounded',
        '    if (ports.size >= maxPorts && first !== undefined) ports.delete(first);\n',
        '',
      ],
    ],
  ),
  ...guards(
    'protocol/node/identity.ts',
    ['test/connector/failing-disk.test.ts'],
    [
      [
        'keys that the controller took are used whether the disk takes them or not',
        '      keys = adopted;\n',
        '',
      ],
    ],
  ),
  ...guards(
    'connector/web/web-sessions.ts',
    ['test/web-door/kept.test.ts'],
    [
      [
        'web sessions are written every so often',
        ' || (!isOver && Math.abs(nowMs - this.#writtenMs) < writeEveryMs)',
        '',
      ],
      [
        'web sessions that the disk did not take are written later',
        'this.#isDirty = !state.keepJson(file, all);\n    if (this.#isDirty) notKept();',
        'this.#isDirty = false;\n    if (!state.keepJson(file, all)) notKept();',
      ],
    ],
  ),
  ...guards(
    'connector/ticket-lists.ts',
    ['test/connector/ticket-lists.test.ts'],
    [
      [
        'an older list of tickets does not come after a newer',
        'this.#last = this.#last\n',
        'this.#last = Promise.resolve()\n',
      ],
      [
        'a list with a ticket that nobody signed is not used',
        'isSigned ? taken(list) : refused()',
        'taken(list)',
      ],
    ],
  ),
  ...guards(
    'connector/flows/flow-log.ts',
    ['test/connector/flow-log.test.ts'],
    [
      ['a connector whose records cannot be kept opens no flow', 'return this.#isBroken || ', 'return '],
      ['nothing is appended behind half a line', 'if (this.#isBroken) return;', ''],
      ['a broken flow log is made anew once there is room', 'if (this.#isBroken) this.#rewrite();', ''],
      [
        'numbers that the controller knows are not used again',
        'if (seq > most) return this.#renumber(seq);',
        '',
      ],
      [
        'an older copy is noticed before anything is sent',
        'this.#isPlaced ? this.#seq : this.#found;',
        'this.#seq;',
      ],
      [
        'refusals leave half the log to flows',
        'this.#refusals.take(entry, this.hasRoom)',
        'this.#refusals.take(entry, true)',
      ],
    ],
  ),
  ...guards(
    'connector/flows/flow-log.ts',
    ['test/connector/flow-log.test.ts'],
    [
      [
        'a log that filled the disk makes room for itself',
        'if (this.#isBroken && this.#pending.length === 0) state.remove(file);',
        '',
      ],
    ],
  ),
  ...guards(
    'connector/flows/hand-in.ts',
    ['test/connector/flow-log.test.ts'],
    [
      [
        'records are sent once it is known what the controller has',
        'flows.isPlaced ? flows.batch() : [];',
        'flows.batch();',
      ],
    ],
  ),
  ...guards(
    'connector/flows/folded-refusals.ts',
    ['test/connector/flow-log.test.ts'],
    [
      ['a device’s refusals are recorded one by one only at first', 'this.#bucketOf(who).take() && ', ''],
      ['all refusals are recorded one by one only at first', ' && this.#ofAll.take()', ''],
      ['a device has a few kinds of counted refusals', 'kinds < maxKindsOfOne && ', ''],
      ['counted refusals are of a bounded number of kinds', ' && this.#counted.size < maxKinds', ''],
    ],
  ),
  ...guards(
    'connector/flows/accepted-session.ts',
    ['test/connector/accepted-session.test.ts'],
    [
      [
        'a session that asks without end for what it may not use ends',
        "if (!this.#refusals.take()) this.#session.close('limit');",
        '',
      ],
    ],
  ),
  ...guards(
    'connector/flows/accepted-session.ts',
    ['test/connector/accepted-session.test.ts'],
    [
      ['an open flow ends when nothing covers it any more', 'this.#cut(flow, covered);', ''],
      [
        'the end of a right by time is looked at when it comes',
        'endsMs = Math.min(endsMs, this.#grants.endsMs(flow.grant, flow.request.resource));',
        '',
      ],
      [
        'a flow that cannot be recorded is not opened',
        "if (this.#serving.flows.full) return this.#refuse(stream, id, request, 'busy');",
        '',
      ],
    ],
  ),
  ...guards(
    'connector/flows/permit.ts',
    ['test/connector/accepted-session.test.ts'],
    [
      [
        'every stream needs a grant for its resource',
        "if (grant === 'denied') return 'denied';",
        "if (grant === 'denied') return { resource, grant: grants.any() as Grant };",
      ],
    ],
  ),
  ...guards(
    'connector/flows/flow-quota.ts',
    ['test/connector/flow-quota.test.ts'],
    [
      [
        'a person has no more than a thousand flows',
        'if (isPerson && open >= this.#limit) return undefined;',
        '',
      ],
      ['a place is given back once', 'if (!isHeld) return;', ''],
    ],
  ),
  ...guards(
    'connector/flows/accepted-session.ts',
    ['test/connector/flow-quota.test.ts'],
    [
      [
        'a flow over the quota is refused',
        "if (release === undefined) return this.#refuse(stream, id, request, 'limit');",
        'if (release === undefined) return undefined;',
      ],
      [
        'a flow that did not open gives its place back',
        'flow.release();\n      this.#refuse',
        'this.#refuse',
      ],
      ['a flow that ended gives its place back', 'flow.release();\n    const ending', 'const ending'],
    ],
  ),
  ...guards(
    'connector/flows/permit.ts',
    ['test/connector/lateral-streams.test.ts'],
    [
      ['stream check: grant per stream', "if (grant === 'denied') return 'denied';", ''],
      [
        'stream check: grant per stream b',
        "return typeof grant === 'string' ? grant : { resource, grant };",
        "return { resource, grant: typeof grant === 'string' ? (grants.any() as Grant) : grant };",
      ],
      ['stream check: name', "if (!names.some((name) => isNameOf(resource, name))) return 'denied';", ''],
      [
        'stream check: port',
        "if (kind !== 'dns' && !listsPort(resource.ports, kind, port)) return 'port-not-listed';",
        '',
      ],
    ],
  ),
  ...guards(
    'connector/flows/accepted-session.ts',
    ['test/connector/lateral-streams.test.ts'],
    [
      [
        'stream check: record',
        '    if (!stream.destroyed) stream.reset(code);\n    this.#recordRefusal(id, request, code);',
        '    if (!stream.destroyed) stream.reset(code);',
      ],
      [
        'stream check: record protocol',
        "if (code === 'protocol') this.#recordRefusal",
        "if (code === 'cancelled') this.#recordRefusal",
      ],
    ],
  ),
  ...guards(
    'connector/flows/dns-question.ts',
    ['test/connector/lateral-streams.test.ts'],
    [
      [
        'stream check: dns guard',
        "? await permittedAddresses(resource, host, resolve).then(() => '')",
        "? ''",
      ],
      ['stream check: dns record', "if (code === 'address-forbidden') return code;", ''],
    ],
  ),
  ...guards(
    'connector/flows/flow.ts',
    ['test/connector/lateral-streams.test.ts'],
    [
      [
        'stream check: flow id',
        '  stream.writeUInt32BE(streamId);\n',
        '  stream.writeUInt32BE(0 * streamId);\n',
      ],
    ],
  ),
  ...guards(
    'connector/flows/grant-book.ts',
    ['test/connector/accepted-session.test.ts'],
    [
      [
        'what was revoked covers nothing',
        'const isRevoked =\n      lease.isRevoked(jti) ||',
        'const isRevoked =',
      ],
      ['a grant gives no more than is left of it', "left === 'nothing'", 'false'],
      ['a grant ends at its until', "if (right.until * 1_000 <= lease.nowMs()) return 'expired';", ''],
      [
        'a connector out of contact honours nothing beyond its outage',
        "return lease.isHonoured(right.out) ? undefined : 'out-of-contact';",
        'return undefined;',
      ],
    ],
  ),
  ...guards(
    'connector/memory.ts',
    ['test/connector/memory.test.ts'],
    [
      ['a patch applies to its own version only', "if (from !== this.#version) return 'behind';", ''],
      [
        'a beat of an older epoch is not kept',
        'return this.#lease.beat(epoch, controllerS);',
        'return this.#lease.beat(Math.max(epoch, this.lease.epoch), controllerS);',
      ],
    ],
  ),
  ...guards(
    'protocol/node/kept-lease.ts',
    ['test/protocol/kept-lease.test.ts'],
    [
      [
        'a beat is not on disk before what was revoked',
        'if (!this.#isWhole) return this.keep();',
        'if (this.#written === 0) return this.keep();',
      ],
      ['an older beat on disk does not count', ' || (beat.written ?? 0) < (whole.written ?? 0)', ''],
    ],
  ),
  ...guards(
    'connector/flows/grant-book.ts',
    ['test/connector/grant-book.test.ts'],
    [
      ['stream check: grant queue', '|| this.#waiting >= maxGrants', ''],
      [
        'stream check: grant count',
        'if (this.#grants.size > maxGrants && oldest !== undefined) this.#grants.delete(oldest);',
        'void oldest;',
      ],
    ],
  ),
  ...guards(
    'connector/flows/grant-book.ts',
    ['test/connector/lateral-streams.test.ts'],
    [
      [
        'stream check: caveat port',
        '    if (\n      asked !== undefined &&\n      caveat.ports !== undefined &&',
        '    if (\n      false as boolean && asked !== undefined &&\n      caveat.ports !== undefined &&',
      ],
    ],
  ),
  ...guards(
    'connector/flows/open-request.ts',
    ['test/connector/lateral-streams.test.ts'],
    [
      [
        'stream check: open form',
        "if (typeof port !== 'number' || !Number.isInteger(port) || port < 0 || port > 65_535) return undefined;",
        '',
      ],
    ],
  ),
];
