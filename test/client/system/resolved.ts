/**
 * The commands that start Debian's systemd-resolved inside a test laptop: unpacked by `scripts/system.ts`, never installed,
 * on a D-Bus of the laptop's own, so that neither reaches the machine the tests run on.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram, unpackedFolder } from '../../../scripts/programs.ts';

/** Whoever is root in the laptop may say anything on its bus; resolved itself checks who changes a link. */
const busConfiguration = `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <listen>unix:path=/run/dbus/system_bus_socket</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <allow own="*"/>
    <allow send_type="method_call"/>
    <allow send_type="signal"/>
    <allow send_requested_reply="true"/>
    <allow receive_type="method_call"/>
    <allow receive_type="method_return"/>
    <allow receive_type="error"/>
    <allow receive_type="signal"/>
  </policy>
</busconfig>
`;

/** The user that resolved becomes; only the laptop knows it. */
const user = 'systemd-resolve:x:991:991:systemd Resolver:/:/usr/sbin/nologin';

/** What the programs of the package need to find their library; also where the system has none. */
export const resolvedEnvironment = {
  LD_LIBRARY_PATH: ['x86_64-linux-gnu', 'aarch64-linux-gnu']
    .map((name) => join(unpackedFolder, 'usr/lib', name, 'systemd'))
    .join(':'),
};

/**
 * Shell commands, to be run as root after /etc and /run became the laptop's own. `folder` keeps the logs, and the ids of
 * both processes.
 */
export function resolvedSetUp(folder: string): string[] {
  const configuration = join(folder, 'bus.conf');
  writeFileSync(configuration, busConfiguration);
  return [
    `grep -q ^systemd-resolve: /etc/passwd || echo '${user}' >> /etc/passwd`,
    "grep -q ^systemd-resolve: /etc/group || echo 'systemd-resolve:x:991:' >> /etc/group",
    'mkdir -p /run/dbus /run/systemd/resolve && chown systemd-resolve: /run/systemd/resolve',
    `${findProgram('dbus-daemon')} --config-file=${configuration} --nofork --nopidfile > ${folder}/bus.log 2>&1 &`,
    `echo $! > ${folder}/bus.pid`,
    waitFor('[ -S /run/dbus/system_bus_socket ]'),
    `${findProgram('systemd-resolved')} > ${folder}/resolved.log 2>&1 &`,
    `echo $! > ${folder}/resolved.pid`,
    waitFor('resolvectl dns lan0 192.0.2.53'),
    "resolvectl domain lan0 '~.'",
  ];
}

/** Five seconds at most: then the laptop's boot fails. */
function waitFor(command: string): string {
  return `for i in $(seq 100); do ${command} 2> /dev/null && break; sleep 0.05; done; ${command}`;
}
