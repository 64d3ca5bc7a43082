import js from "@eslint/js";
import svelte from "eslint-plugin-svelte";
import globals from "globals";
import ts from "typescript-eslint";

export default ts.config(
  { ignores: ["dist/", "node_modules/", "src/lib/api/schema.d.ts"] },
  js.configs.recommended,
  ...ts.configs.strict,
  ...svelte.configs.recommended,
  { languageOptions: { globals: { ...globals.browser } } },
  {
    files: ["**/*.svelte", "**/*.svelte.ts"],
    languageOptions: { parserOptions: { parser: ts.parser } },
  },
  { files: ["scripts/**", "test/**", "*.js", "*.ts"], languageOptions: { globals: { ...globals.node } } },
  {
    rules: {
      // Titles, transcripts and messages come from others: they are text, never markup.
      "svelte/no-at-html-tags": "error",
      // All requests go through one client.
      "no-restricted-globals": ["error", { name: "fetch", message: "Use lib/api/client." }],
      "svelte/no-navigation-without-resolve": "off", // a rule of SvelteKit; our links are hashes
    },
  },
  { files: ["src/lib/api/client.ts", "test/**", "scripts/**"], rules: { "no-restricted-globals": "off" } },
);
