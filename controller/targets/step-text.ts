/** What a step of a target's test says to whoever asked for it: what was seen, or what failed and what would mend it. */
import type { Target, TargetStep } from '../../protocol/target-test.ts';

export function stepText({ step, code, status }: TargetStep, { host, port, speak }: Target): string {
  if (code === undefined) return seen(step, status);
  switch (code) {
    case 'no-name':
      return `The connector’s DNS knows no “${host}”. Look for a typing mistake, or use the name as machines in that network do.`;
    case 'address-forbidden':
      return `“${host}” leads to an address that a resource of this kind may not lead to. Loopback, link-local and metadata addresses need that very literal; a wildcard’s names must lie inside its networks.`;
    case 'timeout':
      return step === 'dns'
        ? 'The connector’s DNS did not answer in time. Look at the DNS of the machine it runs on.'
        : `Port ${port} did not answer in time. Usually a firewall between the connector and the target drops it.`;
    case 'refused':
      return `The machine answers, but nothing listens on port ${port}. Start the application, or use another port.`;
    case 'unreachable':
      return 'The connector has no way to that address. Look at the network of the machine it runs on.';
    case 'certificate':
      return 'The target speaks TLS with a certificate that the connector does not trust. For a web origin give originCa or originName, or originInsecure.';
    case 'no-tls':
      return `Port ${port} does not speak TLS. Try it as ${speak === 'https' ? 'http' : 'plain TCP'}.`;
    case 'no-http':
      return `Port ${port} does not speak HTTP. Protect it as a plain TCP port.`;
    case 'busy':
      return 'The connector is testing other targets. Try again in a few seconds.';
  }
}

function seen(step: TargetStep['step'], status: number | undefined): string {
  switch (step) {
    case 'dns':
      return 'The name leads to an address that may be dialled.';
    case 'tcp':
      return 'The port takes connections.';
    case 'tls':
      return 'TLS, with a certificate that the connector trusts.';
    case 'http':
      return `It answers with HTTP ${status ?? ''}.`;
  }
}
