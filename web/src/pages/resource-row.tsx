/** One resource: its names and ports, a command to copy when it is ready, or the reasons why it is not. */
import { ExternalLink, Star } from 'lucide-react';
import type { Me, PortalResource } from '../../../protocol/portal.ts';
import { Badge } from '../ui/badge.tsx';
import { StepUpLink } from './step-up.tsx';
import { CopyButton } from '../ui/copy-button.tsx';
import { foreignText } from '../ui/foreign-text.ts';
import { Foreign } from '../ui/foreign.tsx';
import { Instant } from '../ui/instant.tsx';
import { suggestCommands, type SuggestedCommand } from './commands.ts';
import { ReasonsInShort } from './reasons-in-short.tsx';

/** Names shown; a resource has one or two. */
const hostLimit = 4;
const portLimit = 8;

export function ResourceRow({
  me,
  resource,
  favourite,
}: {
  readonly me: Me;
  readonly resource: PortalResource;
  /** Whether it stands first, and what changes that; absent where none can. */
  readonly favourite?: { readonly is: boolean; readonly toggle: () => void };
}) {
  const { name, hosts, ports, state, reasons, until } = resource;
  const granted = state === 'granted';
  const { web } = resource;
  const [first, ...more] = granted ? suggestCommands(hosts, ports) : [];
  return (
    <li className="grid gap-x-6 gap-y-3 px-5 py-4 @min-[34rem]:grid-cols-[minmax(0,1fr)_minmax(0,1fr)] @min-[34rem]:items-start">
      <div className="min-w-0">
        <div className="flex flex-wrap items-center gap-x-2.5 gap-y-1">
          <h3 className="min-w-0 text-lead font-semibold">
            <Foreign text={name} />
          </h3>
          {favourite === undefined ? undefined : <FavouriteButton name={name} {...favourite} />}
          {resource.reached === 'ok' ? (
            <span
              className="size-2 shrink-0 rounded-full bg-good"
              role="img"
              aria-label="Answers"
              title="Answers"
            />
          ) : undefined}
          {granted ? undefined : web === undefined ? (
            <Badge tone="wait">Not now</Badge>
          ) : (
            <Badge tone="plain">In the browser</Badge>
          )}
          {resource.reached === 'failing' ? <Badge tone="bad">Does not answer now</Badge> : undefined}
        </div>
        <ul className="mt-0.5 text-small text-quiet">
          {hosts.slice(0, hostLimit).map((host) => (
            <li key={host}>
              <Foreign text={host} limit={100} className="font-mono" />
            </li>
          ))}
        </ul>
        <ul className="mt-2 flex flex-wrap gap-1.5 text-small text-quiet" aria-label="Ports">
          {ports.slice(0, portLimit).map((port) => (
            <li key={port} className="rounded-small border border-line px-1.5 tabular-nums">
              {port}
            </li>
          ))}
          {ports.length > portLimit ? <li>and {ports.length - portLimit} more</li> : undefined}
        </ul>
        {until === undefined ? undefined : (
          <p className="mt-2 text-small text-quiet">
            {granted ? 'Until' : 'Changes by itself:'} <Instant instant={until} />
          </p>
        )}
      </div>
      <div className="min-w-0">
        {web === undefined ? undefined : <OpenTile address={web} />}
        {granted || web !== undefined ? undefined : <ReasonsInShort reasons={reasons} />}
        {web === undefined ? <StepUp me={me} resource={resource} /> : undefined}
        {first === undefined ? undefined : <CommandTile {...first} />}
        {more.length === 0 ? undefined : (
          <details className="mt-1.5">
            <summary className="w-fit rounded-small px-1 py-1 text-small text-quiet hover:text-ink">
              {more.length} more
            </summary>
            <div className="mt-1.5 grid gap-1.5">
              {more.map((command) => (
                <CommandTile key={command.command} {...command} />
              ))}
            </div>
          </details>
        )}
      </div>
    </li>
  );
}

function FavouriteButton({
  name,
  is,
  toggle,
}: {
  readonly name: string;
  readonly is: boolean;
  readonly toggle: () => void;
}) {
  return (
    <button
      type="button"
      aria-pressed={is}
      aria-label={`Show ${foreignText(name, 60)} first`}
      title={is ? 'Shown first; click to end that' : 'Show it first'}
      onClick={toggle}
      className="-mx-1 inline-flex size-7 items-center justify-center rounded-small text-quiet hover:bg-sunken hover:text-ink aria-pressed:text-wait"
    >
      <Star className={`size-4 ${is ? 'fill-current' : ''}`} aria-hidden="true" />
    </button>
  );
}

/** Opens its public hostname, with or without a device. */
function OpenTile({ address }: { readonly address: string }) {
  return (
    <a
      href={address}
      target="_blank"
      rel="noreferrer"
      className="mb-1.5 flex items-center gap-3 rounded-control border border-line-strong bg-surface py-2.5 pr-3.5 pl-3.5 font-medium text-ink hover:border-quiet"
    >
      <Foreign text={URL.parse(address)?.host ?? ''} limit={80} className="min-w-0 flex-1" />
      <ExternalLink className="size-4 shrink-0 text-quiet" aria-hidden="true" />
      <span className="sr-only">opens in a new tab</span>
    </a>
  );
}

/** The way to a sign-in that would do: in this browser, or for the device that was asked from. */
export function StepUp({
  me,
  resource: { name, stepUp },
  door,
}: {
  readonly me: Me;
  readonly resource: PortalResource;
  readonly door?: 'web' | undefined;
}) {
  if (stepUp === undefined) return undefined;
  return (
    <div className="mt-3">
      {stepUp === 'browser' ? (
        <StepUpLink me={me} resource={name} door={door} returnTo={location.pathname + location.search} />
      ) : (
        <>
          <p className="mb-1.5 text-small text-quiet">Run this on the device; what it has open stays open:</p>
          <CommandTile command={`postern login --for ${name}`} />
        </>
      )}
    </div>
  );
}

function CommandTile({ command, url }: SuggestedCommand) {
  return (
    <div className="flex items-center gap-1 rounded-control bg-sunken py-1 pr-1 pl-3.5">
      <code
        tabIndex={0}
        className="min-w-0 flex-1 overflow-x-auto font-mono text-small whitespace-nowrap"
        dir="ltr"
      >
        {command}
      </code>
      {url === undefined ? undefined : (
        <a
          href={url}
          target="_blank"
          rel="noreferrer"
          aria-label={`Open ${url} in a new tab`}
          title="Open in a new tab; postern up must be running"
          className="inline-flex size-9 shrink-0 items-center justify-center rounded-small text-quiet hover:bg-line/60 hover:text-ink"
        >
          <ExternalLink className="size-4" aria-hidden="true" />
        </a>
      )}
      <CopyButton text={command} what="the command" />
    </div>
  );
}
