/** Something failed that no page foresaw, or the controller cannot be reached. Shows no text from elsewhere. */
import { Button } from '../ui/button.tsx';
import { CardPage } from '../ui/card-page.tsx';
import { ApiProblem } from '../api/call.ts';

export function ErrorPage({ error }: { readonly error: Error }) {
  const problem = error instanceof ApiProblem ? error : undefined;
  const { title, lead } = sentences(problem?.status);
  return (
    <CardPage title={title} lead={lead}>
      <div>
        <Button onClick={() => location.reload()}>Try again</Button>
      </div>
    </CardPage>
  );
}

function sentences(status: number | undefined): { title: string; lead: string } {
  if (status === 0) {
    return {
      title: 'The controller cannot be reached',
      lead: 'Check your connection. What is open through Postern stays open meanwhile.',
    };
  }
  if (status === 429) return { title: 'Too many requests', lead: 'Wait a minute, then try again.' };
  if (status !== undefined) {
    return {
      title: 'The controller could not answer',
      lead: 'It failed on its side. If it goes on, tell an administrator when it happened.',
    };
  }
  return { title: 'This page failed', lead: 'Loading it again usually helps.' };
}
