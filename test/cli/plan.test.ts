/** `repot plan` as people run it: all forms of input, what is written, exit codes, and nothing written where the input is bad. */

import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { main } from "../../cli/main.ts";
import { loadPlan, loadPlanInput } from "../../cli/plan.ts";
import { planSchema } from "../../domain/plan.ts";
import { workload } from "../domain/platform.ts";
import { type PaperIo, paperIo } from "./io.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "repot-plan-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const put = (name: string, content: string | Uint8Array): string => {
  const path = join(directory, name);
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, content);
  return path;
};

const run = async (
  args: readonly string[],
  stdin = "",
): Promise<{ readonly code: number; readonly io: PaperIo }> => {
  const io = { ...paperIo(), stdin: async () => new TextEncoder().encode(stdin) };
  return { code: await main(["plan", ...args], io), io };
};

const SHOP = [workload("web", { service: 80 }), workload("cache", { image: "redis", service: 6379 })].join(
  "---\n",
);
const planPath = () => join(directory, "plan.json");

describe("what is written", () => {
  test("plan.json, whose hash the preview ends with", async () => {
    const { code, io } = await run([put("shop.yaml", SHOP), "-o", planPath(), "--decide", "cache=rebuild"]);
    expect([code, io.stderr()]).toEqual([0, ""]);
    const text = readFileSync(planPath(), "utf8");
    expect(
      planSchema()
        .parse(JSON.parse(text))
        .workloads.map((w) => w.name),
    ).toEqual(["cache", "web"]);
    const hash = createHash("sha256").update(text).digest("hex");
    expect(io.stdout()).toContain(`SHA-256    ${hash}`);
    expect(io.stdout().trimEnd().endsWith(hash)).toBe(true);
  });

  test("with open decisions too: exit 7, one line each", async () => {
    const { code, io } = await run([put("shop.yaml", SHOP), "-o", planPath()]);
    expect(code).toBe(7);
    expect(JSON.parse(readFileSync(planPath(), "utf8")).open).toHaveLength(1);
    expect(io.stderr()).toBe("repot: shop/cache keeps data (Redis or Valkey): keep-on-source, rebuild?\n");
  });

  test("a blocked workload gives exit 7 and its line", async () => {
    const pod =
      "apiVersion: v1\nkind: Pod\nmetadata: {name: lone, namespace: shop}\nspec: {containers: [{name: a}]}\n";
    const { code, io } = await run([put("shop.yaml", `${workload("web")}---\n${pod}`), "-o", planPath()]);
    expect(code).toBe(7);
    expect(io.stderr()).toMatch(/^repot: Pod shop\/lone is blocked: .*\n$/);
  });

  test("without -o the plan is standard output, and the preview a message", async () => {
    const { io } = await run([put("shop.yaml", SHOP)]);
    expect(JSON.parse(io.stdout()).format).toBe(1);
    expect(io.stderr()).toContain("Wave 1");
  });
});

describe("all ways in give the same plan", () => {
  const expected = async () => (await run([put("one/shop.yaml", SHOP)])).io.stdout();

  test("a directory, in any split, with other files among them", async () => {
    put("many/b.yaml", workload("cache", { image: "redis", service: 6379 }));
    put("many/deep/a.yml", workload("web", { service: 80 }));
    put("many/README.md", "# no manifest");
    put("many/.hidden.yaml", "a: b: c");
    expect((await run([join(directory, "many")])).io.stdout()).toBe(await expected());
  });

  test("standard input, several files, one file twice", async () => {
    const [a, b] = [
      put("a.yaml", workload("web", { service: 80 })),
      put("b.yaml", workload("cache", { image: "redis", service: 6379 })),
    ];
    expect((await run(["-"], SHOP)).io.stdout()).toBe(await expected());
    expect((await run([b, a, b])).io.stdout()).toBe(await expected());
    expect((await run([a, "-"], readFileSync(b, "utf8"))).io.stdout()).toBe(await expected());
  });

  test("repot.yaml is the settings, in the directory or beside the file", async () => {
    put("set/repot.yaml", "platform: mine\n");
    const file = put("set/shop.yaml", SHOP);
    for (const input of [file, join(directory, "set")])
      expect(JSON.parse((await run([input])).io.stdout()).platform).toBe("mine");
  });
});

const NUL = new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0x00, 0xff, 0xfe]);
const BAD: readonly (readonly [
  what: string,
  name: string,
  content: string | Uint8Array,
  code: number,
  says: RegExp,
])[] = [
  ["an empty file", "a.yaml", "", 2, /a\.yaml is empty/],
  ["broken YAML", "a.yaml", "a: [\n", 2, /a\.yaml, line \d/],
  ["a binary", "a.yaml", NUL, 2, /a\.yaml is not a text file/],
  ["UTF-16", "a.yaml", new Uint8Array([0xff, 0xfe, 0x61, 0x00]), 2, /save it as UTF-8/],
  [
    "a manifest without a kind",
    "a.yaml",
    "apiVersion: v1\nmetadata: {name: a}\n",
    2,
    /line 1: this manifest has no kind/,
  ],
  ["two workloads of one name", "a.yaml", `${workload("w")}---\n${workload("w")}`, 2, /stands there twice/],
  ["negative replicas", "a.yaml", workload("w", { replicas: -3 }), 2, /spec\.replicas is -3/],
  [
    "an unknown setting",
    "repot.yaml",
    "zones: []\n",
    2,
    /repot\.yaml, line 1: there is no setting called "zones"/,
  ],
  [
    "a zone that isn't defined",
    "repot.yaml",
    "dns:\n  hosts: [{host: a.b.example, service: shop/x}]\n  zone: c.example\n",
    2,
    /line 2: a\.b\.example is in no zone/,
  ],
  [
    "a window that doesn't exist",
    "repot.yaml",
    'window: {timeZone: Europe/Berlin, days: ["2027-03-28"], start: "02:30", end: "02:50"}\n',
    2,
    /doesn't exist on 2027-03-28/,
  ],
  ["a chart instead of manifests", "Chart.yaml", "name: x\n", 2, /helm template/],
];

describe("bad input is a sentence, an exit code, and nothing written", () => {
  test.each(BAD)("%s", async (_, name, content, code, says) => {
    if (name !== "a.yaml") put("in/shop.yaml", SHOP);
    put(`in/${name}`, content);
    const { code: got, io } = await run([join(directory, "in"), "-o", planPath()]);
    expect(got).toBe(code);
    expect(io.stderr()).toMatch(says);
    expect(io.stderr().trimEnd().split("\n")).toHaveLength(1);
    expect(io.stdout()).toBe("");
    expect(existsSync(planPath())).toBe(false);
  });

  test.each([
    ["a path that isn't there", ["nowhere.yaml"], /nowhere\.yaml isn't there/],
    [
      "a decision about nobody",
      ["shop.yaml", "--decide", "nobody=rebuild"],
      /no workload is called "nobody"/,
    ],
    ["two files of settings", ["x/repot.yaml", "y/repot.yaml", "shop.yaml"], /two files of settings/],
  ])("%s", async (_, args, says) => {
    put("shop.yaml", SHOP);
    for (const place of ["x", "y"]) put(`${place}/repot.yaml`, "platform: p\n");
    const { code, io } = await run(args.map((a) => (a.endsWith(".yaml") ? join(directory, a) : a)));
    expect(code).toBe(2);
    expect(io.stderr()).toMatch(says);
  });

  test("a plan that can't be written leaves nothing behind", async () => {
    const { code } = await run([put("shop.yaml", SHOP), "-o", join(directory, "no", "plan.json")]);
    expect(code).toBe(2);
    expect(readdirSync(directory)).toEqual(["shop.yaml"]);
  });
});

describe("what the rehearsal takes", () => {
  const nothing = async () => new Uint8Array();

  test("a plan.json as it stands, to the byte", async () => {
    await run([put("shop.yaml", SHOP), "-o", planPath(), "--decide-all", "rebuild"]);
    const { plan, text } = await loadPlan([planPath()], { decide: {} }, nothing);
    expect(text).toBe(readFileSync(planPath(), "utf8"));
    expect(plan.open).toEqual([]);
    await expect(loadPlan([planPath()], { decide: {}, decideAll: "rebuild" }, nothing)).rejects.toThrow(
      /change what was approved/,
    );
  });

  test("manifests, in YAML or JSON", async () => {
    const yaml = put("shop.yaml", SHOP);
    const { objects } = await loadPlanInput([yaml], nothing);
    const json = put("shop.json", JSON.stringify({ apiVersion: "v1", kind: "List", items: objects }));
    const [a, b] = [
      await loadPlan([yaml], { decide: {} }, nothing),
      await loadPlan([json], { decide: {} }, nothing),
    ];
    expect(b.text).toBe(a.text);
  });
});
