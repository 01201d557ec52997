/** `--dump`: the objects of both clusters before and after a rehearsal, as YAML that can be compared with any tool. Secrets are masked. */

import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stringify } from "yaml";
import { byCodeUnit, type KubeObject, keyOf, refOf } from "../domain/kube.ts";
import { maskObjects } from "../domain/masking.ts";

export type Dump = {
  readonly sourceBefore: readonly KubeObject[];
  readonly targetBefore: readonly KubeObject[];
  readonly sourceAfter: readonly KubeObject[];
  readonly targetAfter: readonly KubeObject[];
};

const FILES: readonly (readonly [file: string, part: keyof Dump])[] = [
  ["source-before.yaml", "sourceBefore"],
  ["target-before.yaml", "targetBefore"],
  ["source-after.yaml", "sourceAfter"],
  ["target-after.yaml", "targetAfter"],
];

/** Writes four files of documents, sorted by namespace, kind and name, keys sorted. @returns their paths. */
export const writeDump = async (directory: string, dump: Dump): Promise<readonly string[]> => {
  await mkdir(directory, { recursive: true });
  const paths: string[] = [];
  for (const [file, part] of FILES) {
    const path = join(directory, file);
    await writeFile(path, dumpText(dump[part]));
    paths.push(path);
  }
  return paths;
};

/** The objects as multi-document YAML; an empty cluster is an empty file. Words that YAML 1.1 takes for booleans are quoted, since kubectl reads 1.1. */
export const dumpText = (objects: readonly KubeObject[]): string =>
  maskObjects(objects)
    .toSorted((a, b) => byCodeUnit(keyOf(refOf(a)), keyOf(refOf(b))))
    .map((object) => `---\n${stringify(object, YAML_OPTIONS)}`)
    .join("");

const YAML_OPTIONS = {
  version: "1.1",
  sortMapEntries: true,
  aliasDuplicateObjects: false,
  lineWidth: 0,
} as const;
