/** Which antivirus or EDR products run, by the names of their programs. Anyone may call a program so: it is a claim. */
import type { AntivirusProduct } from '../../../protocol/posture.ts';
import type { Collector } from '../collector.ts';
import { runningPrograms } from './running.ts';

/** The programs of each product that protect while they run; helpers and updaters are left out. */
const programs: readonly (readonly [AntivirusProduct, readonly string[]])[] = [
  ['carbon-black', ['cbagentd', 'cbdaemon']],
  ['clamav', ['clamd', 'clamonacc']],
  ['cortex-xdr', ['pmd', 'traps_pmd']],
  ['crowdstrike-falcon', ['falcon-sensor', 'falcon-sensor-bpf']],
  ['elastic-defend', ['elastic-endpoint']],
  ['eset', ['esets_daemon', 'eea', 'eraagent']],
  ['kaspersky-endpoint', ['kesl']],
  ['microsoft-defender', ['wdavdaemon', 'mdatp']],
  ['sentinelone', ['sentinelone-agent', 's1-agent', 's1-scanner']],
  ['sophos', ['savd', 'sophos_threat_detector', 'SophosScanD', 'soapd']],
  ['trellix-xagent', ['xagt']],
  ['trend-micro', ['ds_agent', 'ds_am']],
  ['wazuh', ['wazuh-agentd', 'ossec-agentd']],
];

export const antivirus: Collector = async (machine) => {
  const running = await runningPrograms(machine);
  return running === undefined ? {} : { antivirus: productsAmong(running) };
};

/** The products of which a program runs. The kernel cuts names to 15 characters. */
export function productsAmong(running: ReadonlySet<string>): string[] {
  return programs
    .filter(([, names]) => names.some((name) => running.has(name) || running.has(name.slice(0, 15))))
    .map(([product]) => product)
    .slice(0, 16);
}
