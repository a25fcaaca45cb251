/** Mail: whether it goes out, what went wrong last, and a test. Which server it is, whoever starts the controller says. */
import { useState } from 'react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { MailStatus } from '../../../../protocol/mail.ts';
import { mailQuery } from '../../admin-queries.ts';
import { admin } from '../../api/admin.ts';
import { useMay, useMe } from '../../shell/may.ts';
import { Button } from '../../ui/button.tsx';
import { CodeBlock } from '../../ui/code-block.tsx';
import { Facts } from '../../ui/facts.tsx';
import { Field } from '../../ui/field.tsx';
import { Ago } from '../../ui/instant.tsx';
import { Notice } from '../../ui/notice.tsx';
import { Panel } from '../../ui/panel.tsx';
import { Loaded } from '../../ui/states.tsx';

const example = `postern controller … \\
  --smtp smtp://postern@mail.acme.example:587 \\
  --smtp-password-file /etc/postern/smtp.password \\
  --mail-from access@acme.example`;

export default function MailSettings() {
  const mail = useQuery(mailQuery);
  return (
    <Loaded what="What is known of mail" query={mail}>
      {(status) => (status.server === undefined ? <NoMail /> : <Mail status={status} />)}
    </Loaded>
  );
}

function NoMail() {
  return (
    <div className="grid max-w-[44rem] grid-cols-[minmax(0,1fr)] gap-4">
      <Notice title="Nobody is told by mail">
        With an SMTP server, approvers get a link to each request, people hear what became of theirs,
        administrators are invited, and guests get their codes.
      </Notice>
      <CodeBlock what="How to start the controller with mail" text={example} />
    </div>
  );
}

function Mail({ status }: { readonly status: MailStatus }) {
  const may = useMay();
  const { server = '', from = '', sent, fault, waiting } = status;
  return (
    <div className="grid max-w-[44rem] grid-cols-[minmax(0,1fr)] gap-6">
      {fault === undefined ? undefined : (
        <Notice tone="bad" title="The last mail was not taken">
          {fault} {waiting > 0 ? 'It is tried again, for a day.' : undefined}
        </Notice>
      )}
      <Panel title="Mail">
        <Facts
          facts={[
            ['Server', <code key="server">{server}</code>],
            ['From', from],
            ['Waiting', String(waiting)],
            ['Last taken', sent === undefined ? 'never' : <Ago key="sent" instant={sent} />],
          ]}
        />
      </Panel>
      {may('mail.test') ? <Test /> : undefined}
    </div>
  );
}

function Test() {
  const me = useMe();
  const queries = useQueryClient();
  const [to, setTo] = useState(me.person.email ?? '');
  const test = useMutation({
    mutationFn: () => admin.testMail(to.trim()),
    onSettled: () => queries.invalidateQueries({ queryKey: ['admin', 'mail'] }),
  });
  return (
    <Panel title="Send a test">
      <form
        className="grid grid-cols-[minmax(0,1fr)] gap-4 px-5 py-4"
        onSubmit={(event) => {
          event.preventDefault();
          test.mutate();
        }}
      >
        <div className="flex flex-wrap items-end gap-3">
          <Field
            label="To"
            type="email"
            className="min-w-0 grow"
            value={to}
            onChange={(event) => setTo(event.target.value)}
            required
          />
          <Button type="submit" busy={test.isPending}>
            Send
          </Button>
        </div>
        {test.data === undefined ? undefined : test.data.ok ? (
          <Notice tone="good" title="The server took it" live>
            Look whether it came.
          </Notice>
        ) : (
          <Notice tone="bad" title="It was not sent" live>
            {test.data.fault}
          </Notice>
        )}
        {test.error === null ? undefined : (
          <Notice tone="bad" title="That did not work" live>
            {test.error.message}
          </Notice>
        )}
      </form>
    </Panel>
  );
}
