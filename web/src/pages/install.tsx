/** How to get the client and start it on this machine: the lines to copy, with this organisation's own address. */
import type { ReactNode } from 'react';
import { getRouteApi } from '@tanstack/react-router';
import { useMe } from '../shell/may.ts';
import { CodeBlock } from '../ui/code-block.tsx';
import { Notice } from '../ui/notice.tsx';
import { Page } from '../ui/page.tsx';
import { Tabs } from '../ui/tabs.tsx';
import { TextLink } from '../ui/text-link.tsx';
import { systemOf, type System } from './system-of.ts';

const systems: readonly { readonly id: System; readonly label: string }[] = [
  { id: 'linux', label: 'Linux' },
  { id: 'macos', label: 'macOS' },
  { id: 'windows', label: 'Windows' },
];

/** How it is called there where names are to work as far as they do: on Linux as root, whose client it then is. */
const commandOn: Readonly<Record<System, string>> = {
  linux: 'sudo postern',
  macos: 'postern',
  windows: 'node bin/postern',
};

const route = getRouteApi('/shell/install');

export function InstallPage() {
  const { tab } = route.useSearch();
  const system = systems.find(({ id }) => id === tab)?.id ?? systemOf(navigator.userAgent);
  return (
    <Page
      title="Connect this machine"
      lead="The client runs on your own machine and opens what you may use there, by name."
      above={<TextLink to="/">What you may use</TextLink>}
    >
      <Tabs label="Systems" current={system} tabs={systems} />
      <div className="grid max-w-[44rem] grid-cols-[minmax(0,1fr)] gap-6">
        {system === 'linux' ? undefined : <Untested system={system} />}
        <ol className="grid grid-cols-[minmax(0,1fr)] gap-7">
          <Get system={system} />
          <Start system={system} />
          <Step number={3} title="Let it in">
            <p>
              It opens a page here that asks whether it is you. Where no browser opens, it shows a code:{' '}
              <TextLink to="/device">enter it here</TextLink>.
            </p>
          </Step>
          <Step number={4} title="See what you may use">
            <p>What is there for you, and over which path you reach it:</p>
            <CodeBlock
              wraps
              what="the commands that show what you may use"
              text={`${commandOn[system]} resources\n${commandOn[system]} status`}
            />
            {system === 'linux' ? (
              <p className="text-small text-quiet">Without sudo where it was started without.</p>
            ) : undefined}
          </Step>
        </ol>
      </div>
    </Page>
  );
}

function Untested({ system }: { readonly system: 'macos' | 'windows' }) {
  const machine = system === 'macos' ? 'a Mac' : 'a Windows machine';
  return (
    <Notice tone="wait" title={`The client is untested on ${machine}`}>
      It is written for Linux. Elsewhere it does not make names work in every program, only in those that use
      its proxy, and nobody has tried it on a real machine yet.
    </Notice>
  );
}

function Get({ system }: { readonly system: System }) {
  return (
    <Step number={1} title="Get it">
      <p>
        Postern comes as its source, which whoever runs it here can give you. In its folder
        {system === 'linux' ? ', once:' : ', once, with Node 24 or newer on the machine:'}
      </p>
      <CodeBlock
        wraps
        what="the commands that build it"
        text={
          system === 'windows'
            ? 'npm ci\nnpm run build'
            : 'npm ci && npm run build\nsudo ln -s "$PWD/bin/postern" /usr/local/bin/postern'
        }
      />
      {system === 'linux' ? (
        <p className="text-small text-quiet">
          It takes npm. Node 24, on which it runs, comes with the first line.
        </p>
      ) : undefined}
    </Step>
  );
}

function Start({ system }: { readonly system: System }) {
  const { address, organisation } = useMe();
  const up = `up --controller ${address}`;
  const proxy = `${up} --capture none --socks 127.0.0.1:1080`;
  const started = `${commandOn[system]} ${system === 'linux' ? up : proxy}`;
  return (
    <Step number={2} title="Start it">
      <p>The address is {organisation === null ? 'your organisation’s' : `that of ${organisation}`}.</p>
      <CodeBlock wraps what="the command that starts it" text={started} />
      {system === 'linux' ? (
        <>
          <p>
            Without root, names work in programs that use its proxy, such as{' '}
            <code className="font-mono text-small">curl --proxy socks5h://127.0.0.1:1080</code>:
          </p>
          <CodeBlock wraps what="the command that starts it without root" text={`postern ${proxy}`} />
        </>
      ) : (
        <p>
          Programs reach names through the proxy, such as{' '}
          <code className="font-mono text-small">curl --proxy socks5h://127.0.0.1:1080</code>.
        </p>
      )}
      <p className="text-small text-quiet text-pretty">
        If it says that the certificate is not known, the controller has an authority of its own: ask whoever
        runs it for <code className="font-mono">ca.pem</code>, and add{' '}
        <code className="font-mono whitespace-nowrap">--ca ca.pem</code>.
      </p>
    </Step>
  );
}

function Step({
  number,
  title,
  children,
}: {
  readonly number: number;
  readonly title: string;
  readonly children: ReactNode;
}) {
  return (
    <li className="grid grid-cols-[2rem_minmax(0,1fr)] gap-x-2 sm:gap-x-3">
      <span
        aria-hidden="true"
        className="flex size-7 items-center justify-center rounded-full border border-line-strong text-small font-semibold tabular-nums"
      >
        {number}
      </span>
      <div className="grid min-w-0 grid-cols-[minmax(0,1fr)] gap-2.5">
        <h2 className="text-lead font-semibold">{title}</h2>
        {children}
      </div>
    </li>
  );
}
