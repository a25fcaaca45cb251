/** Guards of the client: its sign-ins, sessions and proxies, and the system it changes. */
import { guards, type Mutant } from './mutant.ts';

export const clientMutants: readonly Mutant[] = [
  ...guards(
    'client/flows/reached-targets.ts',
    ['test/client/reached-targets.test.ts'],
    [
      ['what a client remembers of targets is bounded', 'map.size > most && ', 'false && '],
      [
        'one name below a wildcard says nothing of the others',
        ' && hosts.some(isWildcard)) return;',
        ' && hosts.length === 0) return;',
      ],
    ],
  ),
  ...guards(
    'cli/bundle-redaction.ts',
    ['test/cli/bundle.test.ts'],
    [
      ['no bundle that is shared holds a password of an address', '  /(?<=\\/\\/)[^\\s/@]+(?=@)/g,\n', ''],
      [
        'no bundle that is shared holds an address',
        '.replace(fours, (address) => this.#address(address))',
        '',
      ],
      [
        'sentences of an anonymous bundle name nothing that other fields name',
        "this.#learn(value, '')",
        'void value',
      ],
      [
        'a field of an anonymous bundle that nobody thought of is a placeholder',
        'withoutSecrets(text)) : this.#whole(text);',
        'withoutSecrets(text)) : this.#withoutHosts(text);',
      ],
    ],
  ),
  ...guards(
    'cli/bundle.ts',
    ['test/cli/bundle.test.ts'],
    [
      [
        'no bundle holds what posture reported word for word',
        '{ posture: { at: posture.at, checks: posture.checks } }',
        '{ posture }',
      ],
    ],
  ),
  ...guards(
    'client/tunnel/known-peers.ts',
    ['test/client/known-peers.test.ts'],
    [
      [
        'a strict device dials no connector under another key than it knows',
        'return !this.isStrict || this.#peers?.get(id)?.nk === nk;',
        'return !this.isStrict || this.#peers?.has(id) === true;',
      ],
      ['a strict device takes no connector for known that is new', 'isFirst || !this.isStrict', 'true'],
      [
        'a changed key stays told when the old one is named again',
        'const isOther = nk !== peer.nk && nk !== peer.other?.nk;',
        'if (nk === peer.nk && peer.other !== undefined) return { id: peer.id, nk, seen: nowS };\n  const isOther = nk !== peer.nk && nk !== peer.other?.nk;',
      ],
      [
        'a key is accepted only as the controller names it now',
        'entry.id === id && entry.nk === nk',
        'entry.id === id',
      ],
      [
        'a connector that is named now is not forgotten for room',
        'other === undefined && !this.#namedIds.has(id)',
        'other === undefined',
      ],
      [
        'a damaged memory of keys is not taken for none',
        'if (!Value.Check(Kept, stored)) throw damaged;',
        'if (!Value.Check(Kept, stored)) return undefined;',
      ],
    ],
  ),
  ...guards(
    'client/tunnel/tunnels.ts',
    ['test/client/known-peers.test.ts'],
    [
      [
        'no session begins with a connector that is not as it was met',
        'listed.filter(({ id, nk }) => peers.mayMeet(id, nk))',
        'listed',
      ],
    ],
  ),
  ...guards(
    'client/sign-in/sign-ins.ts',
    ['test/client/sign-ins.test.ts'],
    [['a sign-in waits on while other things change', 'if (isNew) this.close();', 'this.close();']],
  ),
  ...guards(
    'client/watchdog/start-watchdog.ts',
    ['test/client/watchdog.test.ts'],
    [
      [
        'a watchdog that cannot be started ends no client',
        "    child.once('error', () => again(sinceMs));\n",
        '',
      ],
      ['a watchdog is started again ever more rarely', 'Math.min(2 * pauseMs, longestPauseMs)', 'pauseMs'],
    ],
  ),
  ...guards(
    'client/kept-capture.ts',
    ['test/client/kept-capture.test.ts'],
    [
      [
        'capturing that failed to begin is tried again',
        "if (this.#isNow(starting)) this.#state = { state: 'off' };",
        '',
      ],
      [
        'whoever asks while capturing begins waits for it',
        "if (before.state === 'starting') return void (await before.capture);",
        "if (before.state === 'starting') return;",
      ],
      [
        'what only begins when the client ends is given back',
        '? await before.capture.catch(() => undefined)',
        '? undefined',
      ],
      ['the end comes after what the system is being told', '    await this.#telling;\n', ''],
      ['a change behind one that failed is told', 'told.catch(() => undefined);', 'told;'],
    ],
  ),
  ...guards(
    'client/accounts/account.ts',
    ['test/client/account-goes-on.test.ts'],
    [
      [
        'names that cannot be set after the end of a session end no client',
        'await this.#options.changed().catch((error: unknown) => this.#trouble(error));',
        'await this.#options.changed();',
      ],
    ],
  ),
  ...guards(
    'client/sign-in/sign-in.ts',
    ['test/attack/listeners-odd.test.ts'],
    [
      [
        'a target that is no URL ends no client',
        "(request.url ?? '').split('?', 2);",
        "new URL(request.url ?? '', 'http://127.0.0.1').href.slice(16).split('?', 2);",
      ],
      [
        'an upgrade where a browser comes back is let go',
        "  server.on('upgrade', (_request, socket) => refuseUpgrade(socket, '404 Not Found'));\n",
        '',
      ],
    ],
  ),
  ...guards(
    'client/sign-in/sign-ins.ts',
    ['test/client/sign-ins.test.ts'],
    [
      [
        'a device that is signed in listens for no browser',
        'isEnrolled() ? undefined :',
        'isEnrolled === undefined ? undefined :',
      ],
      ['an attempt that was given up listens nowhere', 'if (ended === this.#ended) return', 'return'],
    ],
  ),
  ...guards(
    'client/capture/captured.ts',
    ['test/client/captured.test.ts'],
    [['an application that does not read is held little for', '    boundUnsent(socket);\n', '']],
  ),
  ...guards(
    'client/tunnel/route-choice.ts',
    ['test/client/route-choice.test.ts'],
    [
      ['a move is not repeated at once', 'best !== undefined && !stays &&', 'best !== undefined &&'],
      [
        'a route that broke is left alone for a while',
        "'fault' in state ? !this.#isAvoided(route) :",
        "'fault' in state ? true :",
      ],
      [
        'an idle session measures nothing',
        'if (this.#options.kept.session.streams > 0) this.used();',
        'this.used();',
      ],
    ],
  ),
  ...guards(
    'client/tunnel/first-of.ts',
    ['test/client/first-of.test.ts'],
    [
      [
        'what comes too late is given back',
        'isOver ? options.discard(result) : end({ way, result })',
        'end({ way, result })',
      ],
    ],
  ),
  ...guards(
    'client/tunnel/connector-order.ts',
    ['test/client/draining.test.ts'],
    [
      [
        'a connector that an administrator drained is not asked',
        '\n      .filter(({ drained }) => drained !== true)',
        '',
      ],
    ],
  ),
  ...guards(
    'client/tunnel/network-session.ts',
    ['test/client/draining.test.ts'],
    [['a connector that drains gets no new flows', "this.#setAside(kept, connector, 'draining');", '']],
  ),
  ...guards(
    'client/tunnel/set-aside.ts',
    ['test/client/draining.test.ts'],
    [
      [
        'a connector that was taken back is asked beside what is open there',
        'if (kept?.isDraining === true && this.#lingering.delete(connector)) this.#replaced.add(kept);',
        '',
      ],
    ],
  ),
  ...guards(
    'client/tunnel/network-session.ts',
    ['test/client/lost-connector.test.ts'],
    [
      [
        'what a lost connector has not answered goes to another',
        "    kept.session.resetUnanswered('connector-lost');\n",
        '',
      ],
    ],
  ),
  ...guards(
    'client/proxies/pac-file.ts',
    ['test/client/proxies/proxy-server.test.ts'],
    [
      ['a page of the browser does not read our names', 'return isOwnHost && !isPage;', 'return isOwnHost;'],
      ['a name that leads here does not read our names', 'return isOwnHost && !isPage;', 'return !isPage;'],
    ],
  ),
  ...guards(
    'client/proxies/proxy-server.ts',
    ['test/client/proxies/proxy-server.test.ts'],
    [
      [
        'an application of a proxy that does not read is held little for',
        '    await boundUnsent(socket);\n',
        '',
      ],
    ],
  ),
  ...guards(
    'client/proxies/proxy-server.ts',
    ['test/client/proxies/proxy-server.test.ts'],
    [
      [
        'a proxy serves its owner only',
        'if (owner === undefined || !options.uids.has(owner)) socket.resetAndDestroy();',
        'if (owner === undefined) socket.resetAndDestroy();',
      ],
      [
        'a proxy listens on loopback only',
        'if (!/^127\\.\\d+\\.\\d+\\.\\d+$/.test(options.address))',
        "if (options.address === '')",
      ],
    ],
  ),
  ...guards(
    'client/proxies/udp-associations.ts',
    ['test/client/proxies/udp-associations.test.ts'],
    [
      [
        'a relay socket hears the user of its connection only',
        'if (this.#options.ownerOf(address, port) !== association.owner) return false;',
        '',
      ],
      [
        'a relay socket hears one port of its application',
        'if (association.port !== 0 && association.port !== port) return false;',
        '',
      ],
      [
        'a relay socket ends with its connection',
        "control.once('close', () => this.#close(association));",
        '',
      ],
    ],
  ),
  ...guards(
    'client/system/system-lock.ts',
    ['test/client/system/system-lock.test.ts'],
    [
      [
        'one process at a time changes the system',
        'if (flock(fd, exclusiveNow) === 0) return',
        'if (flock(fd, exclusiveNow) !== 2) return',
      ],
    ],
  ),
  ...guards(
    'protocol/node/local-api.ts',
    ['test/protocol/local-api.test.ts'],
    [['the local socket is its owner’s', 'chmodSync(path, 0o600);', 'chmodSync(path, 0o666);']],
  ),
  ...guards(
    'protocol/node/state-directory.ts',
    ['test/attack/client-state-directory.test.ts'],
    [['a state folder of another user is refused', 'found.uid !== process.getuid()', 'found.uid === -1']],
  ),
];
