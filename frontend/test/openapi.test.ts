import { resolve } from "node:path";
import { createConfig, lint } from "@redocly/openapi-core";
import { expect, test } from "vitest";

// What makes the document valid and worth reading, beyond what the server's own tests hold it to.
const rules = {
  struct: "error",
  "spec-strict-refs": "error",
  "no-unresolved-refs": "error",
  "no-identical-paths": "error",
  "no-path-trailing-slash": "error",
  "path-declaration-must-exist": "error",
  "path-parameters-defined": "error",
  "path-not-include-query": "error",
  "operation-operationId": "error",
  "operation-operationId-unique": "error",
  "operation-operationId-url-safe": "error",
  "operation-summary": "error",
  "operation-2xx-response": "error",
  "operation-4xx-response": "error",
  "operation-parameters-unique": "error",
  "operation-tag-defined": "error",
  "operation-singular-tag": "error",
  "parameter-description": "error",
  "tag-description": "error",
  "no-server-trailing-slash": "error",
  "no-undefined-server-variable": "error",
  "no-enum-type-mismatch": "error",
  "no-schema-type-mismatch": "error",
  "no-invalid-media-type-examples": { severity: "error", allowAdditionalProperties: false },
  "no-invalid-schema-examples": "error",
  "no-invalid-parameter-examples": "error",
  "no-required-schema-properties-undefined": "error",
  "security-defined": "error",
} as const;

test("the document is valid OpenAPI 3.1", { timeout: 60_000 }, async () => {
  const config = await createConfig({ rules });
  const ref = resolve("src/lib/api/openapi.json");
  const found = await lint({ ref, config });
  expect(found.map((p) => `${p.ruleId}: ${p.message} ${p.location[0]?.pointer ?? ""}`)).toEqual([]);
});
