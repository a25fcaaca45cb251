/** Shows a person how to sign in, on the terminal. */
import type { SignInPrompt } from '../client/sign-in/sign-in.ts';
import { say } from './output.ts';

export function showPrompt(prompt: SignInPrompt): void {
  if (prompt.kind === 'open') say(`  Sign in with your browser:  ${prompt.url}`);
  else say(`  Open ${prompt.url}  and type this code:  ${prompt.userCode}`);
}
