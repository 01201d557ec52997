/** The dump: sorted, comparable, and without a secret. */

import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { dumpText, writeDump } from "../../cli/dump.ts";
import type { KubeObject } from "../../domain/kube.ts";

const object = (kind: string, name: string, rest: Record<string, unknown> = {}): KubeObject => ({
  kind,
  apiVersion: "v1",
  metadata: { name, namespace: "shop" },
  ...rest,
});

test("the order of the objects and of their keys doesn't matter", () => {
  const [a, b] = [object("ConfigMap", "a", { data: { x: "1", y: "2" } }), object("Service", "b")];
  const { data: _, ...rest } = a;
  expect(dumpText([b, a])).toBe(dumpText([{ ...rest, data: { y: "2", x: "1" } }, b]));
});

test("what it says is what the objects say, also under the rules of YAML 1.1", () => {
  const data = {
    yes: "yes",
    number: "010",
    exponent: "1e3",
    long: "x ".repeat(200),
    lines: "a\nb\n",
    empty: "",
  };
  const [document] = parseAllDocuments(dumpText([object("ConfigMap", "a", { data })]), { version: "1.1" });
  expect(document?.toJS().data).toEqual(data);
});

test("secrets are masked", () => {
  const text = dumpText([
    object("Secret", "s", { data: { password: "aHVudGVyMg==" }, stringData: { key: "hunter2" } }),
  ]);
  expect(text).not.toMatch(/aHVudGVyMg|hunter2/);
});

test("four files are written, an empty cluster as an empty file", async () => {
  const directory = await mkdtemp(join(tmpdir(), "repot-dump-"));
  try {
    const before = [object("ConfigMap", "a")];
    await writeDump(directory, {
      sourceBefore: before,
      targetBefore: [],
      sourceAfter: before,
      targetAfter: before,
    });
    expect((await readdir(directory)).sort()).toEqual([
      "source-after.yaml",
      "source-before.yaml",
      "target-after.yaml",
      "target-before.yaml",
    ]);
    expect(await readFile(join(directory, "target-before.yaml"), "utf8")).toBe("");
  } finally {
    await rm(directory, { recursive: true });
  }
});
