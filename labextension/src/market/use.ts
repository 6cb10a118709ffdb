/** Questions that a view asks by itself. */

import { useEffect, useRef, useState } from 'react';

import { refusal, type ApiError } from '../request';

/** One question to the server at a time. */
export interface IAsked<T> {
  readonly answer: T | null;
  readonly fault: ApiError | null;
  readonly isAsking: boolean;
  /** Ask; the answer to an older question is dropped. */
  readonly ask: (question: () => Promise<T>) => void;
  readonly forget: () => void;
}

export function useAsked<T>(): IAsked<T> {
  const [now, set] = useState<Omit<IAsked<T>, 'ask' | 'forget'>>(NOTHING);
  const number = useRef(0);
  useEffect(
    () => (): void => {
      number.current = -1; // nobody looks any more
    },
    []
  );
  return {
    ...now,
    ask: (question): void => {
      const mine = ++number.current;
      const answered = (then: Omit<IAsked<T>, 'ask' | 'forget'>): void => {
        if (mine === number.current) {
          set(then);
        }
      };
      set(before => ({ ...before, fault: null, isAsking: true }));
      question()
        .then(answer => {
          answered({ answer, fault: null, isAsking: false });
        })
        .catch((error: unknown) => {
          answered({ answer: null, fault: refusal(error), isAsking: false });
        });
    },
    forget: (): void => {
      number.current += 1;
      set(NOTHING);
    }
  };
}

const NOTHING = { answer: null, fault: null, isAsking: false };
