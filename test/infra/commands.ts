/** The commands that stand in the documents, for those who hold them against what they are about. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./setup.ts";

export const DOCS = ["deploy.md", "runbook.md", "security.md"] as const;
export const text = (name: string) => readFileSync(join(ROOT, "docs", name), "utf8");

/** Commands of code blocks and of code in the text, continued lines joined, a line each. */
export const commandsIn = (name: string, program: string): readonly string[] => {
  const blocks = [...text(name).matchAll(/^ *```\w*\n([\s\S]*?)^ *```/gm)].map(([, body = ""]) => body);
  const inline = [...text(name).matchAll(/`([^`\n]+)`/g)].map(([, body = ""]) => body);
  return [...blocks, ...inline]
    .flatMap((body) => body.replaceAll(/\\\n\s*/g, " ").split("\n"))
    .flatMap((line) => line.replace(/\s#\s.*$/, "").split(/ \| |; do |\$\(/))
    .map((line) => line.trim())
    .filter((line) => line.startsWith(`${program} `));
};
