/**
 * The kubectl commands of the documents, and those of a run's exported rollback, done to simulated clusters: by a reader of ours always, and by
 * kubectl itself over the loopback where the machine has one. A wrong resource, namespace, context or patch ends in an error.
 */

import { writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { main } from "../../cli/main.ts";
import { byHand } from "../../domain/by-hand.ts";
import { Refused } from "../../domain/errors.ts";
import { BREAK_GLASS_GROUP } from "../../domain/freeze-policy.ts";
import type { Side } from "../../domain/phases.ts";
import { planText } from "../../domain/planning/build.ts";
import { at } from "../../domain/pods.ts";
import { undoLists } from "../../domain/undo.ts";
import { steps } from "../../functions/index.ts";
import type { Caller } from "../../simulator/world/types.ts";
import { paperIo } from "../cli/io.ts";
import { eventsOf, planned, type Ran, rich, run } from "../rehearsals/small.ts";
import { CALLER, deployment, makeWorld, object, type World } from "../simulator/cluster-fixtures.ts";
import { commandsIn, DOCS } from "./commands.ts";
import { kubectlVersion, type Served, serveBoth } from "./kubectl.ts";
import { type Ask, perform, readCommand } from "./kubectl-strict.ts";

const MIGRATION = "shop-1";
/** Its replicas are its autoscaler's again. */
const AUTOSCALED = "web";
const BREAK_GLASS = { ...CALLER, groups: [...CALLER.groups, BREAK_GLASS_GROUP] };

const asking =
  (worlds: { readonly [S in Side]: World }, caller: Caller = BREAK_GLASS): Ask =>
  (side, { method, url, body, type = "application/json" }) => {
    const { cluster, wait } = worlds[side];
    wait(1);
    const headers = { accept: "application/json", "content-type": type };
    return cluster.api(
      { method, url: `https://kubernetes.test${url}`, headers, ...(body === undefined ? {} : { body }) },
      caller,
    );
  };

/** To the end of the thaw: after the decommissioning nothing is printed any more. */
const thawed = (): Promise<Ran> =>
  run(rich(), {
    steps: steps.map((step) =>
      step.name === "check-retirement"
        ? { ...step, run: () => Promise.reject(new Refused("The source stays for now.")) }
        : step,
    ),
  });

/** The commands that undo what was done, each with the key of its entry, in the order in which a rollback undoes it. */
const doneIn = (ran: Ran) => {
  const done = eventsOf(ran, "effect").filter((e) => e.direction === "forward" && e.status === "done");
  const byKey = new Map(done.map((e) => [`migrations/${MIGRATION}/journal/${e.key}.json`, e.effect]));
  const { hooks, capacity, dns, rest } = undoLists([...byKey.keys()]);
  return [...hooks, ...capacity, ...dns, ...rest].flat().flatMap((key) => {
    const effect = byKey.get(key);
    if (!effect) return [];
    // Objects that came together go by one command each, in one line.
    const lines = byHand(effect, { migration: MIGRATION, bucket: "b" }).split(/; (?=kubectl )/);
    return lines.map((line) => ({ key, effect, line }));
  });
};

const worldsAfter = ({ objects }: Ran, caller: Caller = BREAK_GLASS) => {
  const worlds = {
    source: makeWorld({ side: "source", objects: objects.sourceAfter }),
    target: makeWorld({ side: "target", objects: objects.targetAfter }),
  };
  return { worlds, ask: asking(worlds, caller) };
};

/** Why a command of a list was not taken, by the end of its key. */
const refusalsOf = (list: ReturnType<typeof doneIn>, ask: Ask): readonly string[] =>
  list
    .filter(({ line }) => line.startsWith("kubectl "))
    .flatMap(({ key, line }) => {
      try {
        perform(line, ask);
        return [];
      } catch (error) {
        return [`${key.split("/journal/")[1]}: ${error instanceof Error ? error.message : String(error)}`];
      }
    });

let ran: Ran;
beforeAll(async () => {
  ran = await thawed();
});

describe("the exported rollback of a run that has thawed", () => {
  it("is taken command by command, in its order, and leaves each field of the source as it was", () => {
    const { worlds, ask } = worldsAfter(ran);
    const list = doneIn(ran);
    expect(list.filter(({ line }) => line.startsWith("kubectl ")).length).toBeGreaterThan(80);
    // What Velero restored stays where it is: the claim that stood there before needn't be made again, once for each time that it was taken away.
    const refusals = refusalsOf(list, ask).map(
      (r) => /-claim\.json: 409: .* "(\S+)" already exists$/.exec(r)?.[1] ?? r,
    );
    expect([...new Set(refusals)]).toEqual(["data-books-0"]);
    const before = new Map(
      ran.objects.sourceBefore.map((o) => [`${o.kind} ${o.metadata.namespace}/${o.metadata.name}`, o]),
    );
    const replicas = worlds.source.cluster
      .all()
      .filter(
        ({ kind, metadata }) =>
          /^(Deployment|StatefulSet)$/.test(kind) &&
          metadata.namespace === "shop" &&
          metadata.name !== AUTOSCALED,
      )
      .map((o) => {
        const name = `${o.kind} ${o.metadata.namespace}/${o.metadata.name}`;
        return [name, at(o, "spec", "replicas") === at(before.get(name), "spec", "replicas")];
      });
    expect(replicas.length).toBeGreaterThan(6);
    expect(replicas.filter(([, same]) => !same)).toEqual([]);
  });

  it("is refused by the freeze to who isn't in the group that it names", () => {
    const refusals = refusalsOf(doneIn(ran), worldsAfter(ran, CALLER).ask);
    expect(refusals.length).toBeGreaterThan(10);
    expect(refusals[0]).toContain("is forbidden: ValidatingAdmissionPolicy 'repot-freeze'");
  });

  it("has no command for a status, which is its controller's", () => {
    const [status] = doneIn(ran).filter(
      ({ effect }) => effect.kind === "set-field" && effect.path[0] === "status",
    );
    expect(status?.line).toBe(
      "# Nothing to undo in -n shop cronjob.v1.batch/tick: a status is its controller's.",
    );
  });
});

const PATCH = `kubectl --context source patch -n shop deployment.v1.apps/cart --type merge -p '{"spec":{"replicas":4}}'`;
/** Commands with a mistake in them, and what is said of it by our reader. */
const WRONG: readonly (readonly [string, string, RegExp])[] = [
  [
    "a resource that isn't there",
    PATCH.replace("deployment.v1.apps", "deploiment.v1.apps"),
    /no resource deploiment/,
  ],
  [
    "a group that isn't the resource's",
    PATCH.replace("v1.apps", "v1.batch"),
    /no resource deployment.v1.batch/,
  ],
  [
    "a version that isn't served",
    PATCH.replace("v1.apps", "v1beta1.apps"),
    /no resource deployment.v1beta1.apps/,
  ],
  ["another namespace", PATCH.replace("-n shop", "-n shopp"), /404: .*not found/],
  ["no namespace", PATCH.replace("-n shop ", ""), /would be looked for in default/],
  ["another name", PATCH.replace("/cart", "/basket"), /404: .*not found/],
  ["another context", PATCH.replace("source", "sauce"), /no context sauce/],
  ["a flag that isn't there", PATCH.replace("--type", "--kind"), /has no --kind/],
  ["a patch that isn't JSON", PATCH.replace("}}", "}"), /JSON/],
  ["a value that the API doesn't take", PATCH.replace("4}", '"four"}'), /4\d\d: /],
  ["another verb", PATCH.replace("patch", "patsch"), /patsch isn't known/],
];

const small = () => ({
  source: [object("v1", "Namespace", "shop", {}, ""), deployment("cart", 2)],
  target: [object("v1", "Namespace", "shop", {}, "")],
});

describe("a command with a mistake", () => {
  it.each(WRONG)("%s isn't taken", (_, line, said) => {
    const { source, target } = small();
    const worlds = {
      source: makeWorld({ objects: source }),
      target: makeWorld({ side: "target", objects: target }),
    };
    expect(() => perform(line, asking(worlds))).toThrow(said);
    expect(() => perform(PATCH, asking(worlds))).not.toThrow();
  });
});

const inDocs = DOCS.flatMap((doc) => commandsIn(doc, "kubectl").map((line) => [doc, line] as const));

describe("the documents", () => {
  it.each(inDocs)("%s: %s is a command", (_, line) => {
    expect(["source", "target"]).toContain(readCommand(line).side);
  });

  it("have some", () => {
    expect(inDocs.length).toBeGreaterThanOrEqual(5);
  });
});

/** kubectl asks for the schemas of the API before it sends; the simulated servers have none, and check what is sent themselves. */
const withoutSchemas = (line: string): string => line.replace(/ (create|apply) /, " $1 --validate=false ");

describe.skipIf(kubectlVersion === undefined)(`kubectl ${kubectlVersion ?? "isn't on this machine"}`, () => {
  let served: Served;
  beforeAll(async () => {
    served = await serveBoth(small(), BREAK_GLASS);
    const { plan } = planned();
    const io = paperIo();
    writeFileSync(`${served.folder}/plan.json`, planText(plan));
    const argv = [
      "permissions",
      `${served.folder}/plan.json`,
      "--stage",
      "prod",
      "--account",
      "111122223333",
    ];
    const code = await main(
      [...argv, "--region", "eu-central-1", "--manifests", `${served.folder}/access`],
      io,
    );
    expect([code, io.stderr()]).toEqual([0, ""]);
  });
  afterAll(() => served.close());

  it("takes each command of the documents, and does what they say", async () => {
    for (const [doc, line] of inDocs) {
      const { code, stderr } = await served.shell(withoutSchemas(line));
      expect([doc, line, code, code === 0 ? "" : stderr]).toEqual([doc, line, 0, ""]);
    }
    const { source, target } = served.worlds;
    const cart = source.cluster.all().find((o) => o.kind === "Deployment" && o.metadata.name === "cart");
    expect(at(cart, "spec", "replicas")).toBe(4);
    for (const { cluster } of [source, target])
      expect(
        cluster.all().filter((o) => o.kind === "ClusterRole" && o.metadata.name.startsWith("repot:")).length,
      ).toBeGreaterThan(20);
    const { stdout } = await served.shell("cat source.yaml");
    expect(stdout).toContain("kind: Deployment");
  });

  it.each(WRONG.filter(([what]) => what !== "no namespace"))(
    "refuses %s as our reader does",
    async (_, line) => {
      expect((await served.shell(line)).code).not.toBe(0);
    },
  );
});

describe.skipIf(kubectlVersion === undefined)(
  `an exported rollback by kubectl ${kubectlVersion ?? ""}`,
  () => {
    it("is taken: one command of each shape, in their order", async () => {
      const served = await serveBoth(
        { source: ran.objects.sourceAfter, target: ran.objects.targetAfter },
        BREAK_GLASS,
      );
      const shapes = new Map<string, string>();
      for (const { effect, line } of doneIn(ran)) {
        if (!line.startsWith("kubectl ")) continue;
        const { verb, side, words } = readCommand(line);
        const kind =
          effect.kind === "delete-object" ? String(effect.before["kind"]) : words[0]?.split("/")[0];
        const shape = `${side} ${verb} ${kind} ${effect.kind === "set-field" ? effect.path.join(".") : ""}`;
        if (!shapes.has(shape)) shapes.set(shape, line);
      }
      expect(shapes.size).toBeGreaterThan(30);
      const refused: string[] = [];
      for (const line of shapes.values()) {
        const { code, stderr } = await served.shell(withoutSchemas(line));
        if (code !== 0 && !/AlreadyExists|NotFound/.test(stderr)) refused.push(`${line}: ${stderr}`);
      }
      served.close();
      expect(refused).toEqual([]);
    });
  },
);
