// The page in a real browser, against the real server: see test/e2e.
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    environment: "node",
    include: ["test/e2e/*.e2e.ts"],
    // Above all the waits for jobs that one of them may have: see test/e2e/server.ts.
    testTimeout: 300_000,
    hookTimeout: 240_000,
    // Each file has a server, an engine and a browser of its own.
    maxWorkers: 2,
    // As they are written: the pages of a test close before what they show is
    // cleared away, or they would ask for it and complain.
    sequence: { hooks: "list" },
  },
});
