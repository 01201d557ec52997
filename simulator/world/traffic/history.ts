/**
 * What flowed through a part of the platform during the last day, for the metrics. Kept as what a flow is computed from, and computed only
 * when somebody asks: a thousand quiet applications cost next to nothing.
 */

import type { Side } from "../../../domain/phases.ts";
import type { Refusal } from "../datastores.ts";
import type { HostArrivals } from "./arrivals.ts";
import { DEMAND_STEP_MS } from "./demand.ts";
import { type Evaluation, evaluate, type IngressFlow } from "./evaluate.ts";
import type { Graph, HostNode, Part } from "./graph.ts";
import type { Structure } from "./structure.ts";

/** Everything that a flow is computed from; nothing in it changes any more. */
export type Recipe = {
  readonly part: Part;
  readonly graph: Graph;
  readonly structure: Structure;
  readonly arrivals: readonly HostArrivals[];
  readonly ingress: { readonly [S in Side]: IngressFlow };
  /** By `side|host`. */
  readonly unserved: ReadonlyMap<string, string>;
  /** By `side|workload`: what databases and third parties refuse. */
  readonly refused: ReadonlyMap<string, readonly Refusal[]>;
  /** By key of a node: the share that died with killed pods. */
  readonly lost: ReadonlyMap<string, number>;
  readonly paused: ReadonlySet<string>;
};

export const evaluateRecipe = (recipe: Recipe): Evaluation =>
  evaluate(recipe.part, recipe.graph, recipe.structure, {
    arrivals: (_, i) => recipe.arrivals[i] ?? NOBODY,
    ingress: recipe.ingress,
    // Nearly always there is none of either, and the text of a key costs more than the rest.
    unserved: (host, side) =>
      recipe.unserved.size === 0 ? undefined : recipe.unserved.get(`${side}|${host.host}`),
    refusals: (side, workload) =>
      recipe.refused.size === 0 ? NONE : (recipe.refused.get(`${side}|${workload}`) ?? NONE),
    pausedNow: (workload) => recipe.paused.has(workload),
    lost: (node) => recipe.lost.get(node.key) ?? 0,
  });

const NONE: readonly Refusal[] = [];
const NOTHING = { clients: 0, synthetic: 0, openConnections: 0 };
const NOBODY: HostArrivals = { source: NOTHING, target: NOTHING, nowhere: 0 };

/** A flow that held from a time on, until the next piece. */
export class TimelinePiece {
  readonly from: number;
  readonly recipe: Recipe;
  #known: Evaluation | undefined;

  constructor(from: number, recipe: Recipe) {
    this.from = from;
    this.recipe = recipe;
  }

  get evaluation(): Evaluation {
    this.#known ??= evaluateRecipe(this.recipe);
    return this.#known;
  }

  /** Drops the computed flow; it can be computed again. */
  cool(): void {
    this.#known = undefined;
  }
}

const DAY_MS = 86_400_000;
const KEPT_MS = DAY_MS + 3_600_000;
/** Old pieces are dropped in lots. */
const LOT_MS = 3 * 3_600_000;

export class History {
  readonly #pieces: TimelinePiece[] = [];
  #startsAt = 0;
  #livedBefore = false;

  put(from: number, recipe: Recipe): void {
    if (this.#pieces.length === 0) this.#startsAt = from;
    if (this.#pieces.at(-1)?.from === from) this.#pieces.pop();
    this.#pieces.push(new TimelinePiece(from, recipe));
    const oldest = this.#pieces[0]?.from ?? from;
    if (oldest >= from - KEPT_MS - LOT_MS) return;
    this.#livedBefore = true;
    this.#pieces.splice(
      0,
      this.#pieces.findLastIndex((piece) => piece.from <= from - KEPT_MS),
    );
  }

  /** The pieces, oldest first. The day before the start is what the platform did, had it always stood as it stood then: it was running. */
  pieces(demandRatio: (host: HostNode, thenMs: number, nowMs: number) => number): readonly TimelinePiece[] {
    const first = this.#pieces[0];
    if (!this.#livedBefore && first) {
      this.#livedBefore = true;
      this.#pieces.unshift(...dayBefore(first.recipe, this.#startsAt, demandRatio));
    }
    return this.#pieces;
  }

  cool(): void {
    for (const piece of this.#pieces) piece.cool();
  }
}

const dayBefore = (
  recipe: Recipe,
  startsAt: number,
  demandRatio: (host: HostNode, thenMs: number, nowMs: number) => number,
): readonly TimelinePiece[] => {
  const steps = DAY_MS / DEMAND_STEP_MS;
  const last = Math.ceil(startsAt / DEMAND_STEP_MS) - 1;
  return Array.from({ length: steps + 1 }, (_, i) => {
    const then = (last - steps + i) * DEMAND_STEP_MS;
    const arrivals = recipe.arrivals.map((at, h) => {
      const host = recipe.part.hosts[h];
      return host ? scaled(at, demandRatio(host, then, startsAt)) : at;
    });
    return new TimelinePiece(then, { ...recipe, arrivals });
  });
};

const scaled = (at: HostArrivals, ratio: number): HostArrivals => {
  const side = (s: Side) => ({
    clients: at[s].clients * ratio,
    synthetic: at[s].synthetic,
    openConnections: at[s].openConnections * ratio,
  });
  return { source: side("source"), target: side("target"), nowhere: at.nowhere * ratio };
};
