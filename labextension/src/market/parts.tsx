/** Small parts of all views. */

import { caretLeftIcon } from '@jupyterlab/ui-components';
import type { JSX, ReactNode } from 'react';

import type { ApiError } from '../request';
import { kindIcons, unknownIcon } from './icons';
import type { Kind } from './item';
import { kindWord, refusalWords, type ITranslated } from './words';

export function KindIcon({ kind, trans }: { kind: Kind | null } & ITranslated): JSX.Element {
  const icon = kind === null ? unknownIcon : kindIcons[kind];
  return (
    <icon.react
      tag="span"
      className="cube-Kind"
      title={kind === null ? trans.__('cannot be read') : kindWord(kind, trans)}
      aria-hidden="true"
    />
  );
}

/** The head of a view that lies before the list. */
export function Head({ title, back, trans }: { title: string; back: () => void } & ITranslated): JSX.Element {
  return (
    <header className="cube-Head">
      <button className="cube-Market-button cube-Market-plain" type="button" onClick={back} aria-label={trans.__('Back')} autoFocus>
        <caretLeftIcon.react tag="span" />
      </button>
      <h2 className="cube-Head-title">
        <bdi>{title}</bdi>
      </h2>
    </header>
  );
}

/** Why something could not be had, and a button that tries again. */
export function Refusal({ fault, again, trans }: { fault: ApiError; again?: () => void } & ITranslated): JSX.Element {
  return (
    <div className="cube-Market-note" data-is="fault" role="alert">
      <p>{refusalWords(fault, trans)}</p>
      {again !== undefined && (
        <button className="cube-Market-button" type="button" onClick={again}>
          {trans.__('Try again')}
        </button>
      )}
    </div>
  );
}

export function Note({ children }: { children: ReactNode }): JSX.Element {
  return <div className="cube-Market-note">{children}</div>;
}

/** A part of a view that may be closed. */
export function Section({ title, isOpen = false, children }: { title: string; isOpen?: boolean; children: ReactNode }): JSX.Element {
  return (
    <details className="cube-Section" open={isOpen}>
      <summary>{title}</summary>
      {children}
    </details>
  );
}
