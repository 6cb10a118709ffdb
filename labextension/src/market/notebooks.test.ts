import { Widget } from '@lumino/widgets';
import { afterEach, describe, expect, it } from 'vitest';

import { FakeNotebook, FakePlace } from '../testing/notebooks';
import { Notebooks } from './notebooks';

const widgets: Widget[] = [];

function notebook(path: string, sources: string[], isReadOnly = false): FakeNotebook {
  const made = new FakeNotebook(path, sources, isReadOnly);
  widgets.push(made);
  return made;
}

afterEach(() => {
  for (const widget of widgets.splice(0)) {
    widget.dispose();
  }
});

describe('a ready cell', () => {
  it('goes below the active one, selected together with what loads the extension', async () => {
    const shown = notebook('a/b.ipynb', ['one', 'two']);
    const place = new FakePlace([shown]);
    const notebooks = new Notebooks(place);
    expect(await notebooks.insert('%%cube submit')).toBe('a/b.ipynb');
    expect(shown.sources).toEqual(['one', '%load_ext jupyter_cube', '%%cube submit', 'two']);
    expect(shown.selected).toEqual([1, 2]);
    expect(shown.content).toMatchObject({ activeCellIndex: 1, mode: 'command' });
    expect(notebooks.folder).toBe('a');
    await notebooks.insert('%%cube submit again');
    expect(shown.sources.slice(0, 3)).toEqual(['one', '%load_ext jupyter_cube', '%%cube submit again']);
    expect(shown.content.activeCellIndex).toBe(2);
  });

  it('goes to the notebook that was last in front, whatever came after it', async () => {
    const [first, last] = [notebook('first.ipynb', []), notebook('last.ipynb', [])];
    const text = new Widget();
    widgets.push(text);
    const place = new FakePlace([first, last, text]);
    const notebooks = new Notebooks(place);
    let told = 0;
    notebooks.changed.connect(() => (told += 1));
    place.show(last);
    place.show(text);
    expect(told).toBe(1);
    expect(await notebooks.insert('x')).toBe('last.ipynb');
    expect(place.front).toBe(last);
    last.dispose();
    place.show(text);
    expect(notebooks.current).toBe(first);
  });

  it.each([['no notebook is open', []], ['it is read-only', [['kept']]]])(
    'goes to a new notebook where %s',
    async (_, cells) => {
      const place = new FakePlace(cells.map(sources => notebook('kept/a.ipynb', [...sources], true)));
      const path = await new Notebooks(place).insert('%%cube submit');
      expect(place.written).toMatchObject([
        [path, { metadata: { kernelspec: { name: 'python3' } }, cells: [{ source: '%load_ext jupyter_cube' }, { source: '%%cube submit' }] }]
      ]);
      expect(place.executed).toEqual([['docmanager:open', { path }]]);
    }
  );
});
