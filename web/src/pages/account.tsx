/** How an owner signs in at the controller itself: their passkeys, and what else lets them in. */
import { useState } from 'react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { MyPasskeys } from '../../../protocol/passkeys.ts';
import { localSignIn, passkeysHere } from '../api/local-sign-in.ts';
import { useMe } from '../shell/may.ts';
import { Button, buttonClass } from '../ui/button.tsx';
import { Confirm, type Question } from '../ui/confirm.tsx';
import { Facts } from '../ui/facts.tsx';
import { Field } from '../ui/field.tsx';
import { Foreign } from '../ui/foreign.tsx';
import { Ago } from '../ui/instant.tsx';
import { Notice } from '../ui/notice.tsx';
import { Page } from '../ui/page.tsx';
import { Panel } from '../ui/panel.tsx';
import { Loaded } from '../ui/states.tsx';
import { useNow } from '../ui/use-now.ts';

const passkeysKey = ['my-passkeys'];

export function AccountPage() {
  const passkeys = useQuery({ queryKey: passkeysKey, queryFn: () => localSignIn.myPasskeys() });
  return (
    <Page title="How you sign in">
      <Loaded what="How you sign in" query={passkeys}>
        {(mine) => (mine.local ? <Ways mine={mine} /> : <AtProvider />)}
      </Loaded>
    </Page>
  );
}

function AtProvider() {
  return (
    <div className="max-w-[44rem]">
      <Notice title="You sign in at your organisation’s provider">
        Passwords and passkeys are looked after there.
      </Notice>
    </div>
  );
}

function Ways({ mine }: { readonly mine: MyPasskeys }) {
  const { freshUntil } = useMe().session;
  const now = useNow();
  const isFresh = freshUntil !== null && Date.parse(freshUntil) > now.getTime();
  const queries = useQueryClient();
  const [question, setQuestion] = useState<Question>();
  const { passkeys, password, recoveryCodesLeft, possible } = mine;
  return (
    <div className="grid max-w-[44rem] grid-cols-[minmax(0,1fr)] gap-6">
      {isFresh ? undefined : (
        <Notice tone="wait" title="Changes take a sign-in of the last five minutes">
          <p className="mb-2">Sign in again, and you come back here.</p>
          <Link to="/login/administrator" search={{ rd: '/account' }} className={buttonClass('secondary')}>
            Sign in again
          </Link>
        </Notice>
      )}
      <Panel title="Passkeys">
        {passkeys.length === 0 ? (
          <p className="px-5 py-4 text-quiet">You have none.</p>
        ) : (
          <ul className="divide-y divide-line">
            {passkeys.map((passkey) => {
              const name = passkey.name ?? 'The first passkey';
              return (
                <li key={passkey.id} className="flex items-center justify-between gap-3 px-5 py-3">
                  <div className="min-w-0">
                    <p className="font-medium">
                      <Foreign text={name} limit={60} />
                    </p>
                    <p className="text-small text-quiet">
                      Made <Ago instant={passkey.created} />
                      {passkey.used === null ? (
                        ', not used to sign in yet'
                      ) : (
                        <>
                          , used <Ago instant={passkey.used} />
                        </>
                      )}
                    </p>
                  </div>
                  <Button
                    tone="secondary"
                    small
                    disabled={!isFresh || (passkeys.length === 1 && !password)}
                    onClick={() =>
                      setQuestion({
                        title: `Remove ${name}?`,
                        text: 'It signs you in no more. What is open stays open until you sign out.',
                        yes: 'Remove it',
                        done: 'The passkey is removed.',
                        run: () => localSignIn.removePasskey(passkey.id),
                      })
                    }
                  >
                    Remove<span className="sr-only"> {name}</span>
                  </Button>
                </li>
              );
            })}
          </ul>
        )}
        {passkeys.length === 1 && !password ? (
          <p className="border-t border-line px-5 py-3 text-small text-quiet">
            It is your last way in, so it cannot be removed before there is another.
          </p>
        ) : undefined}
      </Panel>
      {possible && passkeysHere() ? <AddPasskey isFresh={isFresh} /> : undefined}
      <Panel title="Besides">
        <Facts
          facts={[
            ['Password', password ? 'with a code of your authenticator' : 'none'],
            ['Recovery codes', recoveryCodesLeft === 1 ? '1 is left' : `${recoveryCodesLeft} are left`],
          ]}
        />
      </Panel>
      {question === undefined ? undefined : (
        <Confirm
          question={question}
          onClose={(done) => {
            setQuestion(undefined);
            if (done) void queries.invalidateQueries({ queryKey: passkeysKey });
          }}
        />
      )}
    </div>
  );
}

function AddPasskey({ isFresh }: { readonly isFresh: boolean }) {
  const queries = useQueryClient();
  const [name, setName] = useState('');
  const add = useMutation({
    mutationFn: () => localSignIn.addPasskey(name.trim()),
    onSuccess: () => {
      setName('');
      return queries.invalidateQueries({ queryKey: passkeysKey });
    },
  });
  return (
    <Panel title="Add a passkey">
      <form
        className="grid grid-cols-[minmax(0,1fr)] gap-4 px-5 py-4"
        onSubmit={(event) => {
          event.preventDefault();
          add.mutate();
        }}
      >
        <div className="flex flex-wrap items-end gap-3">
          <Field
            label="What you call it"
            placeholder="Security key in the safe"
            className="min-w-0 grow"
            value={name}
            maxLength={60}
            onChange={(event) => setName(event.target.value)}
            required
          />
          <Button type="submit" busy={add.isPending} disabled={!isFresh}>
            Add
          </Button>
        </div>
        {add.error === null ? undefined : (
          <Notice tone="bad" title="It was not added" live>
            {add.error.message}
          </Notice>
        )}
      </form>
    </Panel>
  );
}
