import { svelte } from "@sveltejs/vite-plugin-svelte";
import { svelteTesting } from "@testing-library/svelte/vite";
import { defineConfig } from "vitest/config";

export default defineConfig({
  plugins: [svelte(), svelteTesting()],
  // The window's own files come from the root, and so do those of the browser.
  base: "./",
  build: {
    outDir: "dist/page",
    emptyOutDir: true,
    target: "safari16",
    // Data addresses are refused by the page's policy for all but images.
    assetsInlineLimit: 0,
    // The polyfill would be a script inside the page.
    modulePreload: { polyfill: false },
  },
  server: {
    proxy: {
      "/api": process.env.SLUICE_SERVER ?? "http://127.0.0.1:7584",
      "/healthz": process.env.SLUICE_SERVER ?? "http://127.0.0.1:7584",
    },
  },
  test: {
    environment: "jsdom",
    include: ["test/*.test.ts"],
    testTimeout: 20_000, // a busy machine is no failure
    restoreMocks: true,
    unstubGlobals: true,
  },
});
