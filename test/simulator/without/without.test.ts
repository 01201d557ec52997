/** Nothing is decoration: every wait, drain, verification and gate can be left out, and has a night in which that breaks something. */

import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { RIGHT } from "../../../simulator/planted/catalogue.ts";
import { omittable, without } from "../../../simulator/planted/without.ts";
import { BEFORE } from "./before.ts";
import { CUTTING } from "./cutting.ts";
import { MOVING } from "./moving.ts";

const SHOWN = [BEFORE, MOVING, CUTTING].flatMap((nights) => Object.keys(nights));

describe("what can be left out", () => {
  const all = omittable(RIGHT);

  it("has a night each that shows what it is good for", () => {
    expect(new Set(SHOWN).size).toBe(SHOWN.length);
    expect([...SHOWN].sort()).toEqual([...all].sort());
  });

  it("is every gate and every check that there is, and every state that waits", async () => {
    const folder = join(import.meta.dirname, "../../../functions");
    const looks: string[] = [];
    for (const file of await readdir(folder))
      looks.push(
        ...(/= (?:gate|check)\(\{\n {2}name: "([a-z-]+)"/
          .exec(await readFile(join(folder, file), "utf8"))
          ?.slice(1) ?? []),
      );
    expect(looks.length).toBeGreaterThan(25);
    expect(looks.filter((name) => !all.includes(name) && name !== "guard-platform")).toEqual([]);
    const waits = RIGHT.machines.flatMap(({ name, definition }) =>
      Object.entries(definition.States).flatMap(([state, { Type }]) =>
        Type === "Wait" ? [`${name}/${state}`] : [],
      ),
    );
    expect(waits.filter((name) => !all.includes(name))).toEqual([]);
  });

  it("refuses another name, and lists what there is", () => {
    expect(() => without(["scale-workload"])(RIGHT)).toThrow(
      /nothing called scale-workload that could be left out. There are: .*observe-stragglers/,
    );
  });
});
