/** The variables of an item as a form. */

import { FormComponent } from '@jupyterlab/ui-components';
import type { ReadonlyJSONObject } from '@lumino/coreutils';
import { useMemo, type ComponentProps, type FunctionComponent, type JSX } from 'react';

import { variables, type Fault, type IVariable } from './form';
import type { Fields } from './record';
import { faultWords, type ITranslated } from './words';

type Form = ComponentProps<typeof FormComponent>;
type Templates = NonNullable<Form['templates']>;
type FieldProps = Templates['FieldTemplate'] extends infer T | undefined ? PropsOf<T> : never;
type GroupProps = Templates['ObjectFieldTemplate'] extends infer T | undefined ? PropsOf<T> : never;
type PropsOf<T> = T extends FunctionComponent<infer P> ? P : never;

export interface IVariables extends ITranslated {
  readonly form: Fields;
  readonly values: Fields;
  readonly faults: ReadonlyMap<string, Fault>;
  readonly fill: (values: Fields) => void;
}

/** What the templates are told beside what the form tells them. */
interface IContext extends ITranslated {
  readonly asked: ReadonlyMap<string, IVariable>;
}

export function Variables({ form, values, faults, fill, trans }: IVariables): JSX.Element {
  const asked = useMemo(() => variables(form), [form]);
  const schema = useMemo(() => schemaOf(asked), [asked]);
  const uiSchema = useMemo(() => uiSchemaOf(asked), [asked]);
  const context: IContext = { asked: new Map(asked.map(one => [one.name, one])), trans };
  const shown = values as ReadonlyJSONObject;
  const errors = Object.fromEntries([...faults].map(([name, fault]) => [name, { __errors: [faultWords(fault, trans)] }]));
  return (
    <FormComponent
      tagName="div"
      idPrefix="cube-variable"
      schema={schema}
      uiSchema={uiSchema}
      formData={shown}
      formContext={context}
      templates={TEMPLATES}
      validator={VALIDATOR}
      noHtml5Validate
      showErrorList={false}
      extraErrors={errors}
      onChange={({ formData }) => {
        fill(formData ?? {});
      }}
    />
  );
}

/** The schema in the few words that the form knows. */
function schemaOf(asked: readonly IVariable[]): Form['schema'] {
  const properties = asked.map(one => {
    const about = {
      title: one.title === '' ? one.name : one.title,
      ...(one.type === 'typed' ? (one.choices.length === 0 ? { type: 'string' } : {}) : { type: one.type }),
      ...(one.choices.length === 0 ? {} : { enum: one.choices }),
      ...(one.preset === undefined ? {} : { default: one.preset }),
      ...(one.minimum === null ? {} : { minimum: one.minimum }),
      ...(one.maximum === null ? {} : { maximum: one.maximum })
    };
    return [one.name, about];
  });
  const required = asked.filter(({ isRequired }) => isRequired).map(({ name }) => name);
  return { type: 'object', properties: Object.fromEntries(properties) as object, required } as Form['schema'];
}

function uiSchemaOf(asked: readonly IVariable[]): NonNullable<Form['uiSchema']> {
  const about = asked.map(one => {
    const isOpen = one.type === 'boolean' && one.preset === undefined;
    const widget = isOpen ? { 'ui:widget': 'select' } : {};
    const placeholder = one.worked === '' ? {} : { 'ui:placeholder': one.worked };
    return [one.name, { 'ui:autocomplete': 'off', ...widget, ...placeholder }];
  });
  return { 'ui:order': [...asked.map(({ name }) => name), '*'], ...Object.fromEntries(about) } as NonNullable<
    Form['uiSchema']
  >;
}

function Field({ id, label, children, formContext, rawErrors, required, schema }: FieldProps): JSX.Element {
  const { asked, trans } = formContext as IContext;
  const known = asked.get(id.replace(/^cube-variable_/, ''));
  if (known === undefined) {
    return <>{children}</>;
  }
  const { description, isSecret, name, title } = known;
  const isTick = schema.type === 'boolean' && known.preset !== undefined;
  return (
    <div className="cube-Field" data-tick={isTick} data-fault={(rawErrors ?? []).length > 0}>
      <label className="cube-Field-label" htmlFor={id}>
        <bdi>{label}</bdi>{' '}
        {title !== '' && title !== name && <code>{name}</code>}{' '}
        {required === true && <span className="cube-Field-required">{trans.__('required')}</span>}
      </label>
      <div className="cube-Field-input">{children}</div>
      {description !== '' && (
        <bdi className="cube-Field-help" id={`${id}__description`}>
          {description}
        </bdi>
      )}
      {isSecret && (
        <span className="cube-Field-help" id={`${id}__help`}>
          {trans.__('Not the secret itself, which the notebook would keep: $NAME, a variable of the notebook that holds it.')}
        </span>
      )}
      <span className="cube-Field-fault" id={`${id}__error`} role="alert">
        {(rawErrors ?? []).join(' ')}
      </span>
    </div>
  );
}

/** The fields, those of a group under its heading. */
function Group({ properties, formContext }: GroupProps): JSX.Element {
  const { asked } = formContext as IContext;
  const groups = properties.map(({ name }) => asked.get(name)?.group ?? '');
  return (
    <div className="cube-Variables">
      {properties.map(({ name, content }, number) => {
        const group = groups[number] ?? '';
        return (
          <div key={name}>
            {group !== '' && group !== groups[number - 1] && <h4 className="cube-Variables-group">{group}</h4>}
            {content}
          </div>
        );
      })}
    </div>
  );
}

const TEMPLATES: Templates = { FieldTemplate: Field, ObjectFieldTemplate: Group };

/** The form finds nothing wrong by itself: what is wrong is handed to it. */
const VALIDATOR: Form['validator'] = {
  isValid: () => true,
  rawValidation: () => ({ errors: [] }),
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- the type still wants it
  toErrorList: () => [],
  validateFormData: () => ({ errors: [], errorSchema: {} })
};
