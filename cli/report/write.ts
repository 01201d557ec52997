/** Writes report.html and report.json into a directory. */

import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ReportInput } from "./input.ts";
import { renderReport } from "./page.ts";

/** @returns the paths of both files, as a person would type them. */
export const writeReport = async (directory: string, input: ReportInput): Promise<readonly string[]> => {
  await mkdir(directory, { recursive: true });
  const [page, data] = [join(directory, "report.html"), join(directory, "report.json")];
  await writeFile(page, renderReport(input));
  await writeFile(data, `${JSON.stringify({ summary: input.summary, view: input.model }, null, 1)}\n`);
  return [page, data];
};
