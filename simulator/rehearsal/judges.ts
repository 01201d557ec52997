/** The judges of a rehearsal: every invariant, asked after each call, each line, and each change of a cluster; and those of the end. */

import type { RunEvent } from "../../domain/events.ts";
import { SIDES } from "../../domain/phases.ts";
import type { Plan } from "../../domain/plan.ts";
import type { Clock } from "../clock.ts";
import type { Ended } from "../invariants/ending.ts";
import { ENDINGS } from "../invariants/endings.ts";
import { type Invariant, makeInspector } from "../invariants/invariant.ts";
import { type KafkaScene, makeKafkaInvariants } from "../invariants/kafka-scene.ts";
import type { Fact, Scene } from "../invariants/scene.ts";
import { makeStepInvariants } from "../invariants/steps.ts";
import { makeWorldInvariants, type WorldScene } from "../invariants/world.ts";
import type { Observed } from "../services/seam.ts";
import type { GroupView } from "../world/kafka/index.ts";
import type { Emit } from "../world/types.ts";
import type { RehearsedWorld } from "./world.ts";

export type Judges = {
  readonly sawCall: (call: Observed) => void;
  /** @param line The event as it stands in the record. */
  readonly sawEvent: (event: RunEvent, line: string) => void;
  /** From now on the world is watched, too. */
  readonly watch: (world: RehearsedWorld) => void;
  /** The run is over. */
  readonly end: (ended: Ended) => void;
  /** How often each invariant has really looked at something; 0 where there was nothing to look at. */
  readonly checked: () => Readonly<Record<string, number>>;
  /** Whether a violation has ended the run: nothing is judged after it. */
  readonly stopped: () => boolean;
};

export type JudgesOptions = {
  readonly plan: Plan;
  readonly clock: Clock;
  readonly emit: Emit;
  /** How many lines the record has. */
  readonly lines: () => number;
  /** The body of an object in the bucket. */
  readonly stored: (key: string) => string | undefined;
  /** Names of invariants that nobody watches. */
  readonly unwatched: readonly string[];
  /** Whether the run goes on after a violation. */
  readonly goesOn: boolean;
};

export const makeJudges = (options: JudgesOptions): Judges => {
  const { plan, clock, stored, unwatched } = options;
  let fact: Fact | undefined;
  let world: RehearsedWorld | undefined;
  let broken = false;
  const stopped = () => broken && !options.goesOn;
  const found = (invariant: string, sentence: string) => {
    if (stopped()) return;
    broken = true;
    options.emit({ type: "violation", invariant, sentence, line: options.lines() });
  };
  const counts = new Map<string, number>();
  const counted = (invariant: string) => counts.set(invariant, (counts.get(invariant) ?? 0) + 1);
  const watched = <T extends { readonly name: string }>(all: readonly T[]): readonly T[] =>
    all.filter(({ name }) => !unwatched.includes(name));
  const scene: Scene = { plan, fact: () => fact, now: () => clock.now(), stored, world: () => world };
  const steps = makeInspector<Scene>({
    invariants: watched(makeStepInvariants()),
    world: scene,
    found,
    counted,
  });
  const look = (at: Fact) => {
    // A violation is a line, too, and is not judged again.
    if (stopped() || (at.kind === "event" && at.event.type === "violation")) return;
    fact = at;
    steps.inspect();
  };
  let inspectWorld = () => {};
  return {
    stopped,
    checked: () => Object.fromEntries(watched(invariants()).map(({ name }) => [name, counts.get(name) ?? 0])),
    sawCall: (call) => {
      look({ kind: "call", call });
      // What a call has changed may be changed back by the next one, and no pod shows it: a schedule, say.
      if (call.service === "kubernetes" && call.mutating && call.outcome === "applied") inspectWorld();
    },
    sawEvent: (event, line) => {
      look({ kind: "event", event, line });
      // The ledger is no cluster's.
      if (event.type === "effect" && event.status === "done") inspectWorld();
    },
    watch: (made) => {
      world = made;
      const { clusters, disks, traffic, queues } = made;
      const scene: WorldScene = { plan, ...clusters, disks, traffic, queues, now: () => clock.now(), stored };
      const inspector = makeInspector<WorldScene>({
        invariants: watched(makeWorldInvariants()),
        world: scene,
        found,
        counted,
      });
      inspectWorld = () => {
        if (!stopped()) inspector.inspect();
      };
      const groups = makeGroupJudge(plan, watched(makeKafkaInvariants()), found, counted);
      made.kafka.onChange((group) => {
        if (!stopped()) groups(group);
      });
      for (const side of SIDES) clusters[side].onChange(inspectWorld);
    },
    end: (ended) => {
      for (const { name, check } of watched(ENDINGS)) {
        const finding = check(ended);
        if (finding) counted(name);
        for (const sentence of finding ?? []) found(name, sentence);
      }
    },
  };
};

/** Every invariant that there is, with the sentence that it checks. */
export const invariants = (): readonly { readonly name: string; readonly sentence: string }[] =>
  [...makeStepInvariants(), ...makeWorldInvariants(), ...makeKafkaInvariants(), ...ENDINGS].map(
    ({ name, sentence }) => ({
      name,
      sentence,
    }),
  );

/** Consumer groups are judged one by one, in the instant in which something about them changes. */
const makeGroupJudge = (
  plan: Plan,
  invariants: readonly Invariant<KafkaScene>[],
  found: (invariant: string, sentence: string) => void,
  counted: (invariant: string) => void,
): ((group: GroupView) => void) => {
  const planned = new Map(plan.groups?.map((g) => [g.group, g]));
  let scene: KafkaScene | undefined;
  const inspector = makeInspector({
    invariants: invariants.map((invariant) => ({
      ...invariant,
      check: () => (scene ? invariant.check(scene) : undefined),
    })),
    world: undefined,
    found,
    counted,
  });
  return (group) => {
    scene = { group, planned: planned.get(group.name) };
    inspector.inspect();
  };
};
