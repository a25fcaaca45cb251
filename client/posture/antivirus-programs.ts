/**
 * Which antivirus or EDR products run, by the names of their programs on every system. Anyone may call a program so: it is
 * a claim. Helpers and updaters are left out.
 */
import type { AntivirusProduct } from '../../protocol/posture.ts';

const programs: readonly (readonly [AntivirusProduct, readonly string[]])[] = [
  ['carbon-black', ['cbagentd', 'cbdaemon', 'CbOsxSensorService', 'RepMgr.exe', 'cb.exe']],
  ['clamav', ['clamd', 'clamonacc', 'clamd.exe']],
  ['cortex-xdr', ['pmd', 'traps_pmd', 'cyserver.exe']],
  ['crowdstrike-falcon', ['falcon-sensor', 'falcon-sensor-bpf', 'falcond', 'CSFalconService.exe']],
  ['elastic-defend', ['elastic-endpoint', 'elastic-endpoint.exe']],
  ['eset', ['esets_daemon', 'eea', 'ekrn.exe']],
  ['kaspersky-endpoint', ['kesl', 'kav', 'avp.exe']],
  ['microsoft-defender', ['wdavdaemon', 'mdatp']],
  ['sentinelone', ['sentinelone-agent', 's1-agent', 's1-scanner', 'sentineld', 'SentinelAgent.exe']],
  ['sophos', ['savd', 'sophos_threat_detector', 'SophosScanD', 'SophosFileScanner.exe']],
  ['trellix-xagent', ['xagt', 'xagt.exe']],
  ['trend-micro', ['ds_agent', 'ds_am', 'dsa.exe', 'TmListen.exe']],
  ['wazuh', ['wazuh-agentd', 'ossec-agentd', 'wazuh-agent.exe']],
];

/** The kernel of Linux cuts names to so many characters. */
const cutLength = 15;

/** The products of which a program runs. */
export function productsAmong(running: ReadonlySet<string>): string[] {
  return programs
    .filter(([, names]) => names.some((name) => running.has(name) || running.has(name.slice(0, cutLength))))
    .map(([product]) => product);
}
