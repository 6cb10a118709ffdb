import hooks from 'eslint-plugin-react-hooks';
import { defineConfig } from 'eslint/config';
import typescript from 'typescript-eslint';

/** What each folder may import of the others; all of them may import the modules beside them, which import no folder. */
const LAYERS = {
  log: [],
  job: ['log'],
  jobs: ['job'],
  market: [],
  sidebar: ['jobs', 'market']
};

const forbidden = (regex, message) => ({ 'no-restricted-imports': ['error', { patterns: [{ regex, message }] }] });

const layers = Object.entries(LAYERS).map(([folder, below]) => {
  const above = Object.keys(LAYERS).filter(one => one !== folder && !below.includes(one));
  const message = `src/${folder} imports no other folder than ${below.join(', ') || 'its own'}`;
  return { files: [`src/${folder}/**`], rules: forbidden(`^\\.\\./(${above.join('|')})/`, message) };
});

export default defineConfig(
  { ignores: ['lib', 'style', 'eslint.config.mjs'] },
  typescript.configs.strictTypeChecked,
  typescript.configs.stylisticTypeChecked,
  hooks.configs.flat.recommended,
  {
    languageOptions: { parserOptions: { project: './tsconfig.test.json', tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/explicit-function-return-type': 'error',
      'react-hooks/incompatible-library': 'off', // says what React's compiler would skip, which is not used here
      '@typescript-eslint/switch-exhaustiveness-check': 'error'
    }
  },
  layers,
  {
    files: ['src/*.ts'],
    ignores: ['src/index.ts'],
    rules: forbidden('^\\./\\w+/', 'only src/index.ts imports folders')
  }
);
