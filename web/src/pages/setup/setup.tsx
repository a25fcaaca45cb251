/** Where the setup link leads: who becomes owner, with a passkey, or with a password and an authenticator. */
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { SetUp, SetupOptions } from '../../../../protocol/local-sign-in.ts';
import { localSignIn, passkeysHere } from '../../api/local-sign-in.ts';
import { CardPage } from '../../ui/card-page.tsx';
import { Field } from '../../ui/field.tsx';
import { Notice } from '../../ui/notice.tsx';
import { CardForm } from '../card-form.tsx';
import { PasswordFields, type PasswordChosen } from './password-fields.tsx';
import { RecoveryCodes } from './recovery-codes.tsx';

/** In the fragment, which no proxy sees. */
function tokenHere(): string {
  return new URLSearchParams(window.location.hash.slice(1)).get('token') ?? '';
}

export function SetupPage() {
  const [token] = useState(tokenHere);
  const [made, setMade] = useState<SetUp>();
  const options = useQuery({
    queryKey: ['setup', token],
    queryFn: () => localSignIn.options(token),
    enabled: token !== '',
    retry: false,
    staleTime: Infinity,
    refetchOnWindowFocus: false,
  });
  if (made !== undefined) return <RecoveryCodes codes={made.recoveryCodes} />;
  if (token === '' || options.error !== null)
    return (
      <CardPage title="This link does not work" lead="A setup link is good once, for half an hour.">
        <Notice tone="wait" title="Make another">
          {options.error?.message ??
            'The link is not whole: copy all of it, with everything after the #. Or make another: postern setup-url'}
        </Notice>
      </CardPage>
    );
  return (
    <CardPage
      title="Become the owner"
      lead="You sign in here without an identity provider, and look after everything: providers, people and who may use what."
      organisation={options.data?.organisation}
    >
      {options.data === undefined ? (
        <div className="skeleton h-40" aria-label="Loading" role="status" />
      ) : (
        <SetupForm token={token} options={options.data} onMade={setMade} />
      )}
    </CardPage>
  );
}

function SetupForm({
  token,
  options,
  onMade,
}: {
  readonly token: string;
  readonly options: SetupOptions;
  readonly onMade: (made: SetUp) => void;
}) {
  const canPasskey = options.passkeys !== null && passkeysHere();
  const [by, setBy] = useState<'passkey' | 'password'>(canPasskey ? 'passkey' : 'password');
  const [name, setName] = useState('');
  const [email, setEmail] = useState('');
  const [chosen, setChosen] = useState<PasswordChosen>({ password: '', code: '' });
  const owner = { token, name: name.trim(), email: email.trim() };
  const make = useMutation({
    mutationFn: () =>
      by === 'passkey'
        ? localSignIn.setUpPasskey(owner)
        : localSignIn.setUpPassword(owner, chosen.password, chosen.code),
    onSuccess: onMade,
  });
  return (
    <CardForm
      submit={by === 'passkey' ? 'Continue with a passkey' : 'Become the owner'}
      busy={make.isPending}
      fault="That did not work"
      error={make.error}
      others={
        canPasskey
          ? [
              {
                label: by === 'passkey' ? 'Use a password instead' : 'Use a passkey instead',
                onChoose: () => {
                  make.reset();
                  setBy(by === 'passkey' ? 'password' : 'passkey');
                },
              },
            ]
          : []
      }
      onSubmit={() => make.mutate()}
    >
      <Field
        label="Name"
        value={name}
        onChange={(event) => setName(event.target.value)}
        autoComplete="name"
        maxLength={100}
        required
      />
      <Field
        label="E-mail"
        type="email"
        value={email}
        onChange={(event) => setEmail(event.target.value)}
        autoComplete="username webauthn"
        hint="What you sign in with here. Nothing is sent to it."
        required
      />
      {by === 'password' ? (
        <PasswordFields options={options} chosen={chosen} onChange={setChosen} />
      ) : undefined}
      {by === 'password' && !canPasskey ? (
        <p className="text-small text-quiet text-pretty">
          Browsers make passkeys only at a name whose certificate they trust. With one, make another setup
          link and choose a passkey.
        </p>
      ) : undefined}
    </CardForm>
  );
}
