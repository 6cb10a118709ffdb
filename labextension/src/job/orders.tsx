/** What a person may do with a job now. */

import { useEffect, useState, type JSX } from 'react';

import type { IJob, Order } from './job';
import type { ILive } from './live';
import type { ITranslated } from './words';

/** What the buttons do. Null is what cannot be done here. */
export interface IActions {
  readonly order: (what: Order) => void;
  /** Ask what is known of each task. */
  readonly ask: () => void;
  /** Copy what a person would show to somebody who helps. */
  readonly copyError: () => Promise<boolean>;
  readonly openLog: ((cursor: number | null) => void) | null;
  readonly openTerminal: (() => void) | null;
}

const COPIED = 2000; // milliseconds for which a button says what it has done

export function Orders({
  job,
  live,
  actions,
  trans
}: { job: IJob; live: ILive; actions: IActions } & ITranslated): JSX.Element {
  const isHeld = job.held.length > 0;
  const hasFailed = job.state === 'FAILED' || job.state === 'UNKNOWN'; // a stopped job is not kept for a retry
  const orders: [Order, string, boolean][] = [
    ['release', trans.__('Release'), isHeld],
    ['stop', trans.__('Stop'), job.state === 'RUNNING' || job.state === 'WAITING'],
    ['retry', trans.__('Retry'), hasFailed]
  ];
  const { openLog, openTerminal } = actions;
  return (
    <>
      {isHeld && openTerminal !== null && <Button onClick={openTerminal}>{trans.__('Open terminal')}</Button>}
      {orders
        .filter(([, , possible]) => possible)
        .map(([what, word]) => (
          <Button
            key={what}
            isBusy={live.ordered !== null}
            onClick={() => {
              actions.order(what);
            }}
          >
            {word}
          </Button>
        ))}
      {hasFailed && <CopyError copy={actions.copyError} trans={trans} />}
      {openLog !== null && (
        <Button
          onClick={() => {
            openLog(null);
          }}
        >
          {trans.__('Open log')}
        </Button>
      )}
    </>
  );
}

/** A busy button keeps the focus and does nothing. */
function Button({
  isBusy = false,
  onClick,
  children
}: {
  isBusy?: boolean;
  onClick: () => void;
  children: string;
}): JSX.Element {
  return (
    <button
      className="cube-Card-order"
      type="button"
      aria-disabled={isBusy}
      onClick={() => {
        if (!isBusy) {
          onClick();
        }
      }}
    >
      {children}
    </button>
  );
}

function CopyError({ copy, trans }: { copy: IActions['copyError'] } & ITranslated): JSX.Element {
  const [isCopied, setCopied] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => {
      setCopied(false);
    }, COPIED);
    return (): void => {
      clearTimeout(timer);
    };
  }, [isCopied]);
  return (
    <span className="cube-Card-copy" role="status">
      <Button
        onClick={() => {
          void copy().then(setCopied);
        }}
      >
        {isCopied ? trans.__('Copied') : trans.__('Copy error')}
      </Button>
    </span>
  );
}
