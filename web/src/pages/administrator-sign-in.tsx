/** Sign-in of owners who have an account here, apart from every provider: it works when none does. */
import { useMutation } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useState } from 'react';
import { localSignIn, passkeysHere } from '../api/local-sign-in.ts';
import { CardPage } from '../ui/card-page.tsx';
import { Field } from '../ui/field.tsx';
import { CardForm } from './card-form.tsx';
import { OneTimeCodeField } from './setup/password-fields.tsx';

type By = 'passkey' | 'password' | 'recovery code';

const route = getRouteApi('/login/administrator');
const choices: Readonly<Record<By, string>> = {
  passkey: 'Use a passkey',
  password: 'Use a password',
  'recovery code': 'Use a recovery code',
};

export function AdministratorSignInPage() {
  const { rd } = route.useSearch();
  const available: By[] = [...(passkeysHere() ? (['passkey'] as const) : []), 'password', 'recovery code'];
  const [by, setBy] = useState<By>(available[0] ?? 'password');
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const [code, setCode] = useState('');
  const signIn = useMutation({
    mutationFn: async () => {
      if (by === 'passkey') return localSignIn.passkey();
      return by === 'password'
        ? localSignIn.password(email.trim(), password, code)
        : localSignIn.recoveryCode(email.trim(), code.trim());
    },
    // A page of its own: whatever the earlier person saw is gone. Only paths of this site are followed.
    onSuccess: () => window.location.assign(rd !== undefined && /^\/(?![/\\])/.test(rd) ? rd : '/admin'),
  });
  return (
    <CardPage
      title="Administrator sign-in"
      lead="For owners with an account of their own here. Everybody else signs in with their organisation’s account."
      foot={
        <Link to="/login" className="text-accent underline underline-offset-3">
          Back to the usual sign-in
        </Link>
      }
    >
      <CardForm
        submit={by === 'passkey' ? 'Continue with a passkey' : 'Sign in'}
        busy={signIn.isPending}
        fault="You are not signed in"
        error={signIn.error}
        others={available
          .filter((each) => each !== by)
          .map((each) => ({
            label: choices[each],
            onChoose: () => {
              signIn.reset();
              setCode('');
              setBy(each);
            },
          }))}
        onSubmit={() => signIn.mutate()}
      >
        {by === 'passkey' ? undefined : (
          <Field
            label="E-mail"
            type="email"
            value={email}
            onChange={(event) => setEmail(event.target.value)}
            autoComplete="username"
            required
          />
        )}
        {by === 'password' ? (
          <>
            <Field
              label="Password"
              type="password"
              value={password}
              onChange={(event) => setPassword(event.target.value)}
              autoComplete="current-password"
              required
            />
            <OneTimeCodeField code={code} onChange={setCode} />
          </>
        ) : undefined}
        {by === 'recovery code' ? (
          <Field
            label="Recovery code"
            value={code}
            onChange={(event) => setCode(event.target.value)}
            mono
            minLength={16}
            maxLength={40}
            required
          />
        ) : undefined}
      </CardForm>
    </CardPage>
  );
}
