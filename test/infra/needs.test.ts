/**
 * Each entry of `needs` is used by a rehearsal, and necessary: without it the same rehearsal is violated, in a sentence that names the
 * function and the action. What no rehearsal of the suite uses stands in a list with its reason, which is exact in both directions.
 */

import { beforeAll, describe, expect, it } from "vitest";
import type { Needs } from "../../domain/needs.ts";
import { steps } from "../../functions/index.ts";
import type { Step } from "../../functions/step.ts";
import { permissionsOf } from "../../simulator/services/seam-permissions.ts";
import { run } from "../rehearsals/small.ts";
import { NOT_REHEARSED } from "./not-rehearsed.ts";
import { type Rehearsal, SUITE } from "./suite.ts";

/** By `step service:entry`, the first rehearsal that uses it. */
const usedBy = new Map<string, Rehearsal>();
const all = steps.flatMap((step) => permissionsOf(step.needs).map((entry) => `${step.name} ${entry}`));

beforeAll(async () => {
  for (const rehearsal of SUITE) {
    const { summary, sentence } = await run(await rehearsal.plan(), rehearsal.options);
    expect(summary.violations, `${rehearsal.title}: ${sentence}`).toEqual([]);
    for (const name of all) {
      const [step = "", ...entry] = name.split(" ");
      const isUsed = !summary.unusedPermissions[step]?.includes(entry.join(" "));
      if (isUsed && !usedBy.has(name)) usedBy.set(name, rehearsal);
    }
  }
}, 600_000);

/** The needs of a step without one entry, `kubernetes:source:get pods` or `s3:GetObject`. */
const without = (needs: Needs, entry: string): Needs => {
  const [service = "", ...rest] = entry.split(":");
  if (service !== "kubernetes") {
    const kept = (needs as Readonly<Record<string, readonly string[]>>)[service] ?? [];
    return { ...needs, [service]: kept.filter((text) => text !== rest.join(":")) };
  }
  const [side = "", ...text] = rest;
  const sides = (needs.kubernetes ?? {}) as Readonly<Record<string, readonly string[]>>;
  const kept = (sides[side] ?? []).filter((each) => each !== text.join(":"));
  return { ...needs, kubernetes: { ...sides, [side]: kept } };
};

const stepsWithout = (name: string, entry: string): readonly Step[] =>
  steps.map((step) => (step.name === name ? { ...step, needs: without(step.needs, entry) } : step));

/** One entry of each service of each function: the way of denying is the same for the others. */
const samples = steps.flatMap((step) => {
  const services = [...new Set(permissionsOf(step.needs).map((entry) => entry.split(":")[0]))];
  return services.map((service) => [step.name, service ?? ""] as const);
});

describe("what is declared", () => {
  it("is used by the suite, or stands in the list of what isn't", () => {
    const unused = all.filter((name) => !usedBy.has(name));
    expect(
      unused.filter((name) => !NOT_REHEARSED.has(name.split(" ")[0] ?? "") && !NOT_REHEARSED.has(name)),
    ).toEqual([]);
  });

  it("stands in that list only as long as it isn't used", () => {
    const used = [...NOT_REHEARSED.keys()].filter((name) =>
      name.includes(" ")
        ? usedBy.has(name)
        : all.filter((n) => n.startsWith(`${name} `)).every((n) => usedBy.has(n)),
    );
    expect(used).toEqual([]);
  });
});

describe("without one entry", () => {
  it.each(samples)("%s (%s) is denied, by name", async (name, service) => {
    const chosen = all.find((each) => each.startsWith(`${name} ${service}:`) && usedBy.has(each));
    // Nothing of this service was rehearsed: the list above says why.
    if (chosen === undefined) return;
    const entry = chosen.slice(name.length + 1);
    const rehearsal = usedBy.get(chosen);
    if (!rehearsal) throw new Error(`${chosen} was used by nobody.`);
    const ran = await run(await rehearsal.plan(), { ...rehearsal.options, steps: stepsWithout(name, entry) });
    const denied = ran.events.find((e) => e.type === "permission" && e.step === name && !e.allowed);
    expect(denied, chosen).toMatchObject({ service });
    const [broken] = ran.summary.violations.filter((v) => v.invariant === "permissions");
    expect(broken?.sentence, chosen).toContain(name);
    const action = entry.split(":").at(-1)?.split(" ")[0] ?? "";
    expect(broken?.sentence, chosen).toContain(action);
  });
});
