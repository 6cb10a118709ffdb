/** A button with a small panel below it, which a click elsewhere or Escape closes. */

import type { LabIcon } from '@jupyterlab/ui-components';
import { caretDownIcon } from '@jupyterlab/ui-components';
import { createContext, useContext, useEffect, useId, useRef, useState, type JSX, type ReactNode } from 'react';

interface IPopoverProps {
  readonly label: string;
  readonly title: string;
  readonly icon?: LabIcon;
  /** It is other than usual. */
  readonly active?: boolean;
  readonly children: ReactNode;
}

const Close = createContext<() => void>(() => undefined);

/** What closes the panel that something is in. */
export function useClose(): () => void {
  return useContext(Close);
}

export function Popover({ label, title, icon, active = false, children }: IPopoverProps): JSX.Element {
  const [isOpen, setOpen] = useState(false);
  const node = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const panel = useRef<HTMLDivElement>(null);
  const id = useId();
  const close = (): void => {
    setOpen(false);
    button.current?.focus();
  };
  useEffect(() => {
    if (!isOpen) {
      return undefined;
    }
    panel.current?.querySelector<HTMLElement>('input, button, a, select')?.focus();
    const outside = (event: Event): void => {
      if (event.target instanceof Node && node.current?.contains(event.target) === false) {
        setOpen(false);
      }
    };
    document.addEventListener('pointerdown', outside, true);
    return (): void => {
      document.removeEventListener('pointerdown', outside, true);
    };
  }, [isOpen]);
  return (
    <div
      ref={node}
      className="cube-Popover"
      onKeyDown={event => {
        if (event.key === 'Escape' && isOpen) {
          event.stopPropagation();
          close();
        }
      }}
    >
      <button
        ref={button}
        className="cube-Log-button"
        type="button"
        aria-expanded={isOpen}
        aria-haspopup="dialog"
        aria-controls={isOpen ? id : undefined}
        aria-label={label === '' ? title : undefined}
        title={title}
        data-active={active}
        onClick={() => {
          setOpen(!isOpen);
        }}
      >
        {icon !== undefined && <icon.react tag="span" className="cube-Log-icon" />}
        {label !== '' && <span>{label}</span>}
        <caretDownIcon.react tag="span" className="cube-Log-caret" />
      </button>
      {isOpen && (
        <div ref={panel} id={id} className="cube-Popover-panel" role="dialog" aria-label={title}>
          <Close.Provider value={close}>{children}</Close.Provider>
        </div>
      )}
    </div>
  );
}
