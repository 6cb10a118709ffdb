/** Text fields of forms that are not an item's. */

import { useId, type JSX } from 'react';

interface ITextField {
  readonly label: string;
  readonly value: string;
  readonly change: (value: string) => void;
  readonly help?: string;
  readonly placeholder?: string;
  /** What is wrong with it; empty: nothing. */
  readonly fault?: string;
}

export function TextField({ label, value, change, help = '', placeholder, fault = '' }: ITextField): JSX.Element {
  const id = useId();
  return (
    <div className="cube-Field" data-fault={fault !== ''}>
      <label className="cube-Field-label" htmlFor={id}>
        {label}
      </label>
      <input
        id={id}
        type="text"
        value={value}
        placeholder={placeholder}
        autoComplete="off"
        spellCheck={false}
        aria-invalid={fault !== ''}
        aria-describedby={`${id}-help ${id}-fault`}
        onChange={event => {
          change(event.target.value);
        }}
      />
      {help !== '' && (
        <span className="cube-Field-help" id={`${id}-help`}>
          {help}
        </span>
      )}
      <span className="cube-Field-fault" id={`${id}-fault`} role="alert">
        {fault}
      </span>
    </div>
  );
}
