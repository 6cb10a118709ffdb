/** What a job is made of and what it has made: spec, plan, variables, files. */

import type { TranslationBundle } from '@jupyterlab/translation';
import { useEffect, useState, type JSX, type ReactNode } from 'react';

import type { IListed } from '../listed';
import { refusal } from '../request';
import type { ICubeClient } from '../tokens';
import { bytes } from '../units';
import { files, variables, type IFiles, type IVariables } from './described';

const MOST_FILES = 200;
const MOST_TEXT = 100_000; // characters

type Paper = 'spec' | 'plan' | 'files' | 'environment';

interface IPapers {
  readonly job: IListed;
  readonly client: ICubeClient;
  readonly trans: TranslationBundle;
  /** Buttons before those that show something here. */
  readonly children?: ReactNode;
}

export function Papers({ job, client, trans, children }: IPapers): JSX.Element {
  const [shown, setShown] = useState<Paper | null>(null);
  const papers: readonly [Paper, string][] = [
    ['spec', trans.__('Spec')],
    ['plan', trans.__('Plan')],
    ['files', trans.__('Artifacts')],
    ['environment', trans.__('Environment')]
  ];
  return (
    <>
      <div className="cube-Papers">
        {children}
        {papers.map(([paper, label]) => (
          <button
            key={paper}
            type="button"
            className="cube-Button"
            aria-pressed={paper === shown}
            onClick={() => {
              setShown(paper === shown ? null : paper);
            }}
          >
            {label}
          </button>
        ))}
      </div>
      {shown !== null && <Sheet key={`${shown} ${String(job.ended)}`} paper={shown} job={job} client={client} trans={trans} />}
    </>
  );
}

function Sheet({ paper, job, client, trans }: Omit<IPapers, 'children'> & { paper: Paper }): JSX.Element {
  const [content, setContent] = useState<ReactNode>(trans.__('Loading…'));
  useEffect(() => {
    let isWanted = true;
    const show = (node: ReactNode): void => {
      if (isWanted) {
        setContent(node);
      }
    };
    void read(paper, job.id, client, trans).then(show, (error: unknown) => {
      show(
        <p className="cube-Details-fault" role="alert">
          {refusal(error).message}
        </p>
      );
    });
    return (): void => {
      isWanted = false;
    };
  }, [paper, job.id, client, trans]);
  return <div className="cube-Sheet">{content}</div>;
}

async function read(paper: Paper, id: string, client: ICubeClient, trans: TranslationBundle): Promise<ReactNode> {
  switch (paper) {
    case 'spec':
      return <Text text={await client.text(['jobs', id, 'spec'])} trans={trans} />;
    case 'plan':
      return <Text text={JSON.stringify(await client.get(['jobs', id, 'plan']), null, 2)} trans={trans} />;
    case 'files':
      return <Files id={id} found={await files(client, id)} client={client} trans={trans} />;
    case 'environment':
      return <Variables found={await variables(client, id)} trans={trans} />;
  }
}

function Text({ text, trans }: { text: string; trans: TranslationBundle }): JSX.Element {
  return (
    <>
      <pre className="cube-Sheet-text" tabIndex={0}>
        {text.slice(0, MOST_TEXT)}
      </pre>
      {text.length > MOST_TEXT && <p>{trans.__('%1 characters more are not shown.', text.length - MOST_TEXT)}</p>}
    </>
  );
}

interface IFilesView {
  readonly id: string;
  readonly found: IFiles;
  readonly client: ICubeClient;
  readonly trans: TranslationBundle;
}

function Files({ id, found: { files: all, more }, client, trans }: IFilesView): JSX.Element {
  if (all.length === 0) {
    return <p>{trans.__('No files.')}</p>;
  }
  return (
    <>
      <ul className="cube-Sheet-files">
        {all.slice(0, MOST_FILES).map(({ path, size }) => (
          <li key={path}>
            <a href={client.url(['jobs', id, 'artifacts', ...path.split('/')])} download={path.split('/').at(-1)}>
              <bdi>{path}</bdi>
            </a>{' '}
            <span className="cube-Sheet-size">{bytes(size)}</span>
          </li>
        ))}
      </ul>
      {(more || all.length > MOST_FILES) && (
        <p>{trans.__('The first %1 files are shown; all of them lie in the job’s folder.', Math.min(all.length, MOST_FILES))}</p>
      )}
    </>
  );
}

function Variables({ found, trans }: { found: IVariables; trans: TranslationBundle }): JSX.Element {
  const parts = [['', found.job] as const, ...Object.entries(found.roles)].filter(
    ([, variables]) => Object.keys(variables).length > 0
  );
  if (parts.length === 0) {
    return <p>{trans.__('The job sets no variables itself; its tasks have those of the kernel.')}</p>;
  }
  return (
    <>
      {parts.map(([role, variables]) => (
        <dl key={role} className="cube-Details-facts">
          {Object.entries(variables).map(([name, value]) => (
            <div key={name} className="cube-Sheet-variable">
              <dt>
                <bdi>{role === '' ? name : `${role}: ${name}`}</bdi>
              </dt>
              <dd>
                <bdi>{value}</bdi>
              </dd>
            </div>
          ))}
        </dl>
      ))}
    </>
  );
}
