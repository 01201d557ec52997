/**
 * Each entry of `needs`, of steps and of listeners, is necessary: over the suite some call would be denied without that one entry, which the
 * rehearsal itself weighs at each call. Whole rehearsals without an entry show for each service of each function that this is a violation, in
 * a sentence that names the function and the action.
 */

import { beforeAll, describe, expect, it } from "vitest";
import type { Needs } from "../../domain/needs.ts";
import { steps } from "../../functions/index.ts";
import { listeners } from "../../functions/listeners.ts";
import type { Step } from "../../functions/step.ts";
import { permissionsOf } from "../../simulator/services/seam-permissions.ts";
import { run } from "../rehearsals/small.ts";
import { type Rehearsal, SUITE } from "./suite.ts";

const declared: readonly Step[] = [...steps, ...listeners];
const all = declared.flatMap((step) => permissionsOf(step.needs).map((entry) => `${step.name} ${entry}`));
/** By `step service:entry`, the shortest rehearsal that needs it. */
const neededBy = new Map<string, { readonly rehearsal: Rehearsal; readonly lines: number }>();

beforeAll(async () => {
  for (const rehearsal of SUITE) {
    const { summary, sentence, lines } = await run(await rehearsal.plan(), rehearsal.options);
    expect(summary.violations, `${rehearsal.title}: ${sentence}`).toEqual([]);
    for (const name of all) {
      const [step = "", ...entry] = name.split(" ");
      const isNeeded = !summary.unusedPermissions[step]?.includes(entry.join(" "));
      const known = neededBy.get(name)?.lines ?? Number.POSITIVE_INFINITY;
      if (isNeeded && lines.length < known) neededBy.set(name, { rehearsal, lines: lines.length });
    }
  }
}, 900_000);

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

const lacking = <S extends Step>(list: readonly S[], name: string, entry: string): readonly S[] =>
  list.map((step) => (step.name === name ? { ...step, needs: without(step.needs, entry) } : step));

/** One entry of each service of each function as a whole rehearsal: that each is necessary is weighed at each call of the suite. */
const samples = declared.flatMap((step) => {
  const services = [...new Set(permissionsOf(step.needs).map((entry) => entry.split(":")[0]))];
  return services.map((service) => [step.name, service ?? ""] as const);
});

describe("what is declared", () => {
  it("is necessary over the suite, entry by entry", () => {
    expect(all.filter((name) => !neededBy.has(name))).toEqual([]);
  });
});

describe("without one entry", () => {
  it.each(samples)("%s (%s) is denied, by name", async (name, service) => {
    const chosen = all.find((each) => each.startsWith(`${name} ${service}:`) && neededBy.has(each));
    if (chosen === undefined) throw new Error(`No rehearsal needs ${service} of ${name}.`);
    const entry = chosen.slice(name.length + 1);
    const { rehearsal } = neededBy.get(chosen) ?? {};
    if (!rehearsal) throw new Error(`${chosen} was needed by nobody.`);
    const ran = await run(await rehearsal.plan(), {
      ...rehearsal.options,
      steps: lacking(steps, name, entry),
      listeners: lacking(listeners, name, entry),
    });
    const denied = ran.events.find((e) => e.type === "permission" && e.step === name && !e.allowed);
    expect(denied, chosen).toMatchObject({ service });
    const [broken] = ran.summary.violations.filter((v) => v.invariant === "permissions");
    expect(broken?.sentence, chosen).toContain(name);
    const action = entry.split(":").at(-1)?.split(" ")[0] ?? "";
    expect(broken?.sentence, chosen).toContain(action);
  });
});
