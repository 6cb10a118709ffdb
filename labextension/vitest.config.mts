import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    environment: 'jsdom',
    setupFiles: 'src/testing/browser.ts',
    include: ['src/**/*.test.{ts,tsx}']
  }
});
