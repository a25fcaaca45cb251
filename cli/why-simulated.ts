/**
 * `postern why RESOURCE --user …`: asks the controller's simulator as an administrator and prints the decision with every
 * policy that is about the resource, what failed of it, and what would mend that.
 */
import { Compile } from 'typebox/compile';
import type { Door } from '../protocol/policy-document.ts';
import { exits, type ExitCode } from '../protocol/errors.ts';
import { Simulation, type PolicyTrace, type SimulationRequest } from '../protocol/simulation.ts';
import { adminCall, ApiProblem } from './admin-call.ts';
import { adminTarget, type AdminOptions } from './admin-options.ts';
import { CommandError, print } from './output.ts';
import { isAboutPosture } from './why-exit.ts';

export interface SimulationOptions extends AdminOptions {
  readonly user?: string;
  readonly service?: string;
  readonly groups?: readonly string[];
  readonly device?: string;
  readonly door?: Door;
  readonly at?: string;
  readonly source?: string;
  readonly mfa?: string;
}

const isSimulation = Compile(Simulation);
/** The flag of each field that a person may have given wrongly. */
const flags: Readonly<Record<string, string>> = {
  user: '--user',
  service: '--service',
  groups: '--groups',
  device: '--device',
  at: '--at',
  source: '--source',
  mfa: '--mfa',
};

export async function whySimulated(
  resource: string,
  options: SimulationOptions,
  json: boolean,
): Promise<void> {
  const target = await adminTarget(options);
  const answer = await adminCall(target, 'POST', '/api/v1/simulate', requestOf(resource, options)).catch(
    (error: unknown) => {
      throw inWords(error);
    },
  );
  if (!isSimulation.Check(answer))
    throw new CommandError(
      exits.unexpected,
      'the answer is no simulation; is the controller another version?',
    );
  print(json, asJson(answer), simulationText(answer));
  process.exitCode = exitOf(answer);
}

/** The object that `--json` prints: the answer, in the manner of every other command. */
function asJson(answer: Simulation): { readonly schema: string } {
  const policies = answer.policies.map((traced) => {
    if (traced.state === 'not-selected') return traced;
    const { inEffect, ...rest } = traced;
    return { ...rest, in_effect: inEffect };
  });
  return { schema: 'postern.simulation/v1', ...answer, policies } as { readonly schema: string };
}

function requestOf(resource: string, options: SimulationOptions): SimulationRequest {
  const { user, service, groups, device, door, at, source, mfa } = options;
  return {
    resource,
    ...(user === undefined ? {} : { user }),
    ...(service === undefined ? {} : { service }),
    ...(groups === undefined ? {} : { groups: [...groups] }),
    ...(device === undefined ? {} : { device: device === 'none' ? null : device }),
    ...(door === undefined ? {} : { door }),
    ...(at === undefined ? {} : { at }),
    ...(source === undefined ? {} : { source }),
    ...(mfa === undefined ? {} : { mfa }),
  };
}

/** What the controller found wrong with a field, said of the flag that gave it. */
function inWords(error: unknown): unknown {
  const issue = error instanceof ApiProblem ? error.problem.issues?.[0] : undefined;
  if (issue === undefined) return error;
  const field = String(issue.path[0] ?? '');
  const named = Object.hasOwn(flags, field) ? `${flags[field] ?? ''}: ` : '';
  const remedy = field === 'resource' ? '; its name stands in postern.yaml' : '';
  return new CommandError(exits.usage, `${named}${issue.message}${remedy}`);
}

/** 3 when the session stands in the way, 5 when posture alone does, 4 for every other refusal. */
function exitOf({ decision, withheld, reasons }: Simulation): ExitCode {
  if (decision === 'allow') return exits.ok;
  if (withheld !== undefined) return withheld.name === 'session-ended' ? exits.notSignedIn : exits.denied;
  const unmet = reasons.filter(({ met }) => !met);
  return unmet.length > 0 && unmet.every(({ name }) => isAboutPosture(name)) ? exits.posture : exits.denied;
}

/** A simulation as a person reads it: what was asked, what stands before any policy, and the policies about it. */
export function simulationText(simulation: Simulation): string {
  const { decision, resource, subject, device, door, at, source, withheld, until, policies } = simulation;
  const who = subject.email ?? subject.name;
  const place = source === undefined ? '' : `  from ${source.address}${inCountry(source.country)}`;
  const heading =
    `${decision === 'allow' ? 'ALLOWED' : 'DENIED'}  ${resource.name}  for ${who}` +
    `${device === null ? ' without a device' : ` on ${device.name}`}  ${door} door  at ${at}${place}`;
  const about = policies.filter((policy) => policy.state === 'selected' || !policy.because.includes('to'));
  const others = policies.length - about.length;
  return [
    heading,
    ...(simulation.session.basis === 'assumed'
      ? ['  There is no session to go by: a sign-in at that moment is assumed.']
      : []),
    ...(withheld === undefined
      ? []
      : [`  ✗ ${withheld.text}  (before any policy, ${withheld.name})`, ...fixLine(withheld.fix, 6)]),
    ...about.flatMap(policyLines),
    ...(about.some(({ effect, state }) => effect === 'allow' && state === 'selected')
      ? []
      : ['  ✗ No policy allows this  (no-allow)']),
    ...(others === 0
      ? []
      : [`  ${others} ${others === 1 ? 'policy is' : 'policies are'} about other resources.`]),
    ...(decision === 'deny' && !simulation.known ? ['  Who asks is not told that it exists.'] : []),
    ...(until === undefined ? [] : [`  Time alone changes this at ${until}.`]),
  ].join('\n');
}

function policyLines(traced: PolicyTrace): string[] {
  const title = `${traced.effect.padEnd(7)}  ${traced.policy}`;
  if (traced.state === 'not-selected') return [`  · ${title}  ${traced.because.map(missed).join(', ')}`];
  // An allow counts when it holds; a deny and a require when they do not take effect.
  const good = traced.effect === 'allow' ? traced.inEffect : !traced.inEffect;
  const outcome = {
    allow: ['allows', 'does not allow'],
    deny: ['does not deny', 'denies'],
    require: ['is met', 'is not met'],
  };
  return [
    `  ${mark(good)} ${title}  ${outcome[traced.effect][good ? 0 : 1] ?? ''}`,
    ...traced.conditions.flatMap(({ condition, met, reason, text, fix }) => [
      `      ${mark(met === true)} ${condition.padEnd(14)}  ${text}  (${reason}${met === 'unknown' ? ', unknown' : ''})`,
      ...fixLine(met === true || traced.effect === 'deny' ? undefined : fix, 24),
    ]),
  ];
}

function mark(good: boolean): string {
  return good ? '✓' : '✗';
}

function fixLine(fix: string | undefined, indent: number): string[] {
  return fix === undefined ? [] : [`${' '.repeat(indent)}fix: ${fix}`];
}

function inCountry(country: string | undefined): string {
  return country === undefined ? '' : ` (${country})`;
}

function missed(part: 'who' | 'to' | 'doors' | 'validity' | 'waived'): string {
  const texts = {
    who: 'is not about this person',
    to: 'is not about this resource',
    doors: 'is not about this door',
    validity: 'is not in force at that time',
    waived: 'is waived',
  };
  return texts[part];
}
