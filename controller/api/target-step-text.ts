/** What a step of a target's test says to whoever asked for it: what was seen, or what failed and what would mend it. */
import type { Target, TargetStep } from '../../protocol/target-test.ts';

export function stepText({ step, code, status }: TargetStep, target: Target): string {
  return code === undefined ? seen(status)[step] : failed(step, target)[code];
}

function seen(status = 0): Readonly<Record<TargetStep['step'], string>> {
  return {
    dns: 'It leads to an address that may be dialled.',
    tcp: 'The port takes connections.',
    tls: 'TLS, with a certificate that the connector trusts.',
    http: `It answers with HTTP ${status}.`,
  };
}

function failed(
  step: TargetStep['step'],
  { host, port, speak }: Target,
): Readonly<Record<NonNullable<TargetStep['code']>, string>> {
  return {
    'no-name': `The connector’s DNS knows no “${host}”. Look for a typing mistake, or use the name as machines in that network do.`,
    'address-forbidden': `“${host}” leads where a resource of this kind may not. Loopback, link-local and metadata addresses need that very literal; a wildcard’s names must lie inside its networks.`,
    timeout:
      step === 'dns'
        ? 'The connector’s DNS did not answer in time. Look at the DNS of the machine it runs on.'
        : `Port ${port} did not answer in time. Usually a firewall between the connector and the target drops it.`,
    refused: `The machine answers, but nothing listens on port ${port}. Start the application, or use another port.`,
    unreachable: 'The connector has no way to that address. Look at the network of the machine it runs on.',
    certificate:
      'It speaks TLS with a certificate that the connector does not trust. For a web origin give originCa or originName, or originInsecure.',
    'no-tls': `Port ${port} does not speak TLS. Try it as ${speak === 'https' ? 'HTTP' : 'a TCP connection'}.`,
    'no-http': `Port ${port} does not speak HTTP. Protect it as a TCP port.`,
    busy: 'The connector is testing other targets. Try again in a few seconds.',
  };
}
