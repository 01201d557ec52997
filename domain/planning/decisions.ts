/** What may be decided about a workload with data, what was decided, and what is still asked. */

import type { Classified } from "../classes/classify.ts";
import { BadInput, Refused } from "../errors.ts";
import type { Inventory, Running } from "../inventory.ts";
import { byCodeUnit } from "../kube.ts";
import type { Decision, Plan } from "../plan.ts";
import { at, containersOf } from "../pods.ts";
import type { GivenSettings } from "../settings.ts";
import { resolvesFrom } from "./addresses.ts";
import type { Resolve } from "./names.ts";

/** Flags of the command line: NAME to decision, and one for all. */
export type Decisions = {
  readonly decide: Readonly<Record<string, Decision>>;
  readonly decideAll?: Decision;
};

export const NO_DECISIONS: Decisions = { decide: {} };

export type Offer = { readonly offered: readonly Decision[]; readonly notes: readonly string[] };

const ADVERTISED = /^(KAFKA_|KAFKA_CFG_)?ADVERTISED_LISTENERS$/;

/** Each address that a Kafka broker tells its clients to use. */
const advertisedOf = (running: Running): readonly string[] =>
  containersOf(running.template.spec).flatMap(({ container }) =>
    (container.env ?? [])
      .filter((e) => ADVERTISED.test(e.name))
      .flatMap((e) => (e.value ?? "$(unknown)").split(","))
      .map((listener) =>
        listener
          .replace(/^[^/]*\/\//, "")
          .replace(/:\d+$/, "")
          .trim(),
      ),
  );

/** The decisions that make sense for a stateful workload, and why others don't. */
export const offerFor = (c: Classified, inventory: Inventory): Offer => {
  const { running } = c.subject;
  const services = inventory.servicesOf.get(running.id) ?? [];
  const claims = c.store?.claims ?? [];
  const notes: string[] = [];
  const offered: Decision[] = [];
  const advertised = c.store?.product === "Kafka" ? advertisedOf(running) : [];
  const lost = advertised.find(
    (a) =>
      !resolvesFrom(
        a,
        services.map((s) => s.id),
        running.namespace,
      ),
  );
  if (services.length === 0) notes.push("keep-on-source isn't offered: no Service leads to it");
  else if (c.store?.product === "Kafka" && advertised.length === 0)
    notes.push("keep-on-source isn't offered: the manifests don't say which addresses the broker advertises");
  else if (lost !== undefined)
    notes.push(`keep-on-source isn't offered: the broker advertises ${lost}, which the target can't resolve`);
  else offered.push("keep-on-source");
  const kept = at(running.object, "spec", "persistentVolumeClaimRetentionPolicy", "whenScaled") !== "Delete";
  if (claims.length > 0 && kept) offered.push("copy-with-pause");
  else if (claims.length === 0) offered.push("rebuild");
  else
    notes.push(
      "copy-with-pause isn't offered: its claims are deleted when it is scaled down (persistentVolumeClaimRetentionPolicy.whenScaled), so stopping it would destroy what is to be copied",
    );
  if (claims.length > 0) notes.push("rebuild isn't offered: it has a claim, so there is something to keep");
  return { offered, notes };
};

export type Decided = ReadonlyMap<string, Decision>;

/**
 * Puts flags over repot.yaml over `--decide-all`.
 * @param offers by workload, for the stateful ones.
 * @throws BadInput for a name that nothing has or that needs no decision, Refused for what isn't offered.
 */
export const decide = (
  flags: Decisions,
  said: GivenSettings,
  offers: ReadonlyMap<string, Offer>,
  resolve: Resolve,
): Decided => {
  const decided = new Map<string, Decision>();
  if (flags.decideAll !== undefined)
    for (const [id, { offered }] of offers)
      if (offered.includes(flags.decideAll)) decided.set(id, flags.decideAll);
  const settle = (id: string, decision: Decision, where: string) => {
    const offer = offers.get(id);
    if (!offer) throw new BadInput(`${where}: ${id} keeps no data that anything has to be decided about.`);
    if (!offer.offered.includes(decision))
      throw new Refused(
        `${where}: ${decision} isn't offered for ${id}, only ${offer.offered.join(" or ")} (${offer.notes.join("; ")}).`,
      );
    decided.set(id, decision);
  };
  for (const [id, decision] of Object.entries(said.given.decisions ?? {}))
    settle(id, decision, said.where(["decisions", id]));
  for (const [name, decision] of Object.entries(flags.decide)) {
    const where = `--decide ${name}=${decision}`;
    settle(resolve(name, where), decision, where);
  }
  return decided;
};

/** The questions that stand before a start, sorted by workload. */
export const openQuestions = (
  classified: readonly Classified[],
  offers: ReadonlyMap<string, Offer>,
  decided: Decided,
  foreign: readonly string[],
): Plan["open"] => {
  const questions = classified.flatMap((c) => {
    const id = c.subject.running.id;
    const offer = offers.get(id);
    if (!offer || decided.has(id)) return [];
    const { offered, notes } = offer;
    const aside = notes.length === 0 ? "" : ` (${notes.join("; ")})`;
    const product = c.store?.product ?? "a store";
    const question = `${id} keeps data (${product}): ${offered.join(", ")}?${aside}`;
    return [{ workload: id, question, offered: [...offered] }];
  });
  const others = foreign.map((line) => ({
    workload: line.split(" ")[1] ?? line,
    question: line,
    offered: [],
  }));
  return [...questions, ...others].sort((a, b) => byCodeUnit(a.workload, b.workload));
};
