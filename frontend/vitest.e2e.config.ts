// The page in a real browser, against the real server: see test/e2e.
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    environment: "node",
    include: ["test/e2e/*.e2e.ts"],
    testTimeout: 90_000,
    hookTimeout: 90_000,
    // Each file has a server, an engine and a browser of its own.
    maxWorkers: 2,
  },
});
