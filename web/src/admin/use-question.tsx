/** Asks before something that hurts, does it, and has the lists looked at anew. */
import { useState, type ReactNode } from 'react';
import { useQueryClient } from '@tanstack/react-query';
import { Confirm, type Question } from '../ui/confirm.tsx';

/** What to put into the page, and what begins to ask. */
export function useQuestion(): readonly [ReactNode, (question: Question) => void] {
  const queries = useQueryClient();
  const [question, setQuestion] = useState<Question>();
  const dialog =
    question === undefined ? undefined : (
      <Confirm
        question={question}
        onClose={(done) => {
          setQuestion(undefined);
          if (done) void queries.invalidateQueries({ queryKey: ['admin'] });
        }}
      />
    );
  return [dialog, setQuestion];
}
