/** Where to go in a log: its start, its end, an error, a time. */

import type { TranslationBundle } from '@jupyterlab/translation';
import { useState, type JSX } from 'react';

import { momentOf, type IOccasions } from './moment';
import { Popover, useClose } from './popover';

export type Way = 'start' | 'end' | 'first-error' | 'next-error' | 'error-before';

interface IGotoProps {
  readonly occasions: Omit<IOccasions, 'now'>;
  /** How many lines look like errors. */
  readonly errors: string;
  /** There is none. */
  readonly isClean: boolean;
  readonly go: (way: Way) => void;
  readonly goTime: (seconds: number) => void;
  readonly trans: TranslationBundle;
}

export function Goto(props: IGotoProps): JSX.Element {
  const { trans } = props;
  return (
    <Popover label={trans.__('Go to')} title={trans.__('Go to an error, a time, the start or the end')}>
      <Ways {...props} />
    </Popover>
  );
}

function Ways({ errors, isClean, go, trans, ...times }: IGotoProps): JSX.Element {
  const close = useClose();
  const ways: [Way, string, string][] = [
    ['first-error', trans.__('First error'), errors],
    ['next-error', trans.__('Next error'), 'e'],
    ['error-before', trans.__('Error before'), 'E'],
    ['start', trans.__('Start'), 'g'],
    ['end', trans.__('End'), 'G']
  ];
  return (
    <div>
      {ways.map(([way, word, key]) => (
        <button
          key={way}
          className="cube-Menu-item"
          type="button"
          disabled={isClean && way.includes('error')}
          onClick={() => {
            close();
            go(way);
          }}
        >
          <span>{word}</span>
          <span className="cube-Menu-key">{key}</span>
        </button>
      ))}
      <Time {...times} trans={trans} />
    </div>
  );
}

type ITimeProps = Pick<IGotoProps, 'occasions' | 'goTime' | 'trans'>;

function Time({ occasions, goTime, trans }: ITimeProps): JSX.Element {
  const close = useClose();
  const [typed, setTyped] = useState('');
  const [isWrong, setWrong] = useState(false);
  return (
    <form
      className="cube-Goto-time"
      onSubmit={event => {
        event.preventDefault();
        const when = momentOf(typed, { ...occasions, now: Date.now() / 1000 });
        setWrong(when === null);
        if (when !== null) {
          close();
          goTime(when);
        }
      }}
    >
      <label>
        {trans.__('Time')}
        <input
          className="cube-Log-input"
          type="text"
          placeholder="14:02:11"
          aria-invalid={isWrong}
          value={typed}
          onChange={event => {
            setTyped(event.target.value);
            setWrong(false);
          }}
        />
      </label>
      <p className="cube-Log-hint" role={isWrong ? 'alert' : undefined} data-wrong={isWrong}>
        {occasions.failed === 0 && /fail|error/.test(typed) && isWrong
          ? trans.__('No task has failed. Write 14:02, 10 min after start or 3 min before end')
          : trans.__('Write 14:02, 10 min after start or 3 min before failure')}
      </p>
    </form>
  );
}
