import hooks from 'eslint-plugin-react-hooks';
import { defineConfig } from 'eslint/config';
import typescript from 'typescript-eslint';

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
  }
);
