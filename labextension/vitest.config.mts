import { defineConfig } from 'vitest/config';

export default defineConfig({
  // else the form's default export is one of CommonJS
  resolve: { mainFields: ['module', 'main'] },
  test: {
    environment: 'jsdom',
    setupFiles: 'src/testing/browser.ts',
    include: ['src/**/*.test.{ts,tsx}'],
    // made for bundlers: without file endings in their imports, with style sheets, with CommonJS beside modules
    server: { deps: { inline: [/@jupyter/, /@lumino/, /@microsoft/, /@rjsf/] } }
  }
});
