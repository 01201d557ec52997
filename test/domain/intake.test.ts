/** Manifests as they come: all forms are read alike, and everything wrong is one sentence that names where. */

import { describe, expect, test } from "vitest";
import { BadInput, Refused } from "../../domain/errors.ts";
import { gather, readManifests, readSources } from "../../domain/intake.ts";
import { splitDocuments } from "../../domain/intake-yaml.ts";
import { workload } from "./platform.ts";

const refusal = (text: string): unknown => {
  try {
    readManifests(text, "platform.yaml");
  } catch (error) {
    return error;
  }
  return undefined;
};

const BOMB = `a: &a [x, x, x, x, x, x, x, x, x]
b: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a]
c: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b]
d: &d [*c, *c, *c, *c, *c, *c, *c, *c, *c]
apiVersion: v1
kind: ConfigMap
metadata: {name: bomb, annotations: {d: *d}}
`;

const WRONG: readonly (readonly [what: string, text: string, says: RegExp])[] = [
  ["an empty file", "  \n", /platform\.yaml is empty/],
  ["a file of comments", "# nothing\n---\n", /holds no manifest/],
  ["broken YAML", "apiVersion: v1\nkind: [Service\n", /line 3: this is not YAML/],
  [
    "broken YAML in the second document",
    "apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n---\na: b: c\n",
    /line 5: this is not YAML/,
  ],
  [
    "a key that stands there twice",
    "apiVersion: v1\nkind: Secret\nkind: Service\n",
    /line 3: the key "kind" stands there twice/,
  ],
  ["binary data", "apiVersion\u0000\u0001", /binary/],
  ["a manifest without a kind", "apiVersion: v1\nmetadata: {name: a}\n", /line 1: this manifest has no kind/],
  ["a manifest without an apiVersion", "kind: Pod\nmetadata: {name: a}\n", /has no apiVersion/],
  [
    "a manifest without a name",
    "apiVersion: v1\nkind: Service\nmetadata: {labels: {a: b}}\n",
    /Service has no metadata\.name/,
  ],
  ["a text instead of a manifest", "hello\n", /no manifest but a single text/],
  ["negative replicas", workload("cart", { replicas: -1 }), /Deployment shop\/cart: spec\.replicas is -1/],
  ["a count beyond reason", workload("cart", { replicas: 1_000_000_000 }), /at most 100000/],
  [
    "replicas that are no number",
    workload("cart", { spec: "replicas: many" }),
    /spec\.replicas must be a number and is a text/,
  ],
  [
    "a label that is a number",
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, labels: {version: 1}}\n",
    /metadata\.labels\.version must be a text \(quote it\) and is the number 1/,
  ],
  [
    "an environment value that is no text",
    workload("cart", { container: "env: [{name: PORT, value: 8080}]" }),
    /env\[0\]\.value must be a text/,
  ],
  [
    "an argument that YAML reads as false",
    workload("cart", { container: "args: [--appendonly, no]" }),
    /args\[1\] must be a text \(quote it\) and is false/,
  ],
  [
    "a quantity that is none",
    workload("cart", { container: "resources: {requests: {cpu: lots}}" }),
    /requests\.cpu is no quantity/,
  ],
  [
    "a negative quantity",
    workload("cart", { container: "resources: {requests: {memory: -1Gi}}" }),
    /requests\.memory is no quantity/,
  ],
  [
    "a quantity beyond any machine",
    workload("cart", { container: "resources: {limits: {memory: 9e99}}" }),
    /limits\.memory is no quantity/,
  ],
  [
    "no containers",
    "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: []}\n",
    /spec\.containers is empty/,
  ],
  [
    "a workload without a template",
    "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec: {replicas: 1}\n",
    /spec\.template is missing/,
  ],
  ["a workload's name with upper case", workload("Cart"), /metadata\.name is no name that Kubernetes takes/],
  [
    "two workloads of one name",
    `${workload("cart")}---\n${workload("cart", { replicas: 2 })}`,
    /Deployment shop\/cart stands there twice.*line 1, and .*line 1\d/,
  ],
  [
    "two objects of one name that differ",
    "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {type: ClusterIP}\n---\napiVersion: v1\nkind: Service\nmetadata: {name: a}\n",
    /stands there twice/,
  ],
  ["a bomb of aliases", BOMB, /aliases more than 100 times/],
  [
    "an alias to nothing",
    "apiVersion: v1\nkind: *nothing\nmetadata: {name: a}\n",
    /not YAML: Unresolved alias/,
  ],
  [
    "a mapping that holds itself",
    "apiVersion: v1\nkind: ConfigMap\nmetadata: &m {name: a, annotations: *m}\n",
    /holds itself|aliases|must be/,
  ],
  ["bottomless nesting", `a: ${"[".repeat(50_000)}`, /nested too deeply|not YAML/],
  ["a Helm template", "apiVersion: v1\nkind: {{ .Values.kind }}\nmetadata: {name: a}\n", /Helm template/],
];

describe("bad manifests are refused in a sentence", () => {
  test.each(WRONG)("%s", (_, text, says) => {
    const error = refusal(text);
    expect(error).toBeInstanceOf(BadInput);
    expect((error as Error).message).toMatch(says);
    expect((error as Error).message).toContain("platform.yaml");
    expect((error as Error).message.split("\n")).toHaveLength(1);
  });

  test("two kinds of one name can't be told apart by namespace and name", () => {
    const both = refusal(`${workload("cart")}---\n${workload("cart", { kind: "StatefulSet" })}`);
    expect(both).toBeInstanceOf(Refused);
    expect((both as Error).message).toMatch(/Deployment shop\/cart .* StatefulSet shop\/cart/);
  });

  test("a refusal never quotes a value", () => {
    const error = refusal(workload("cart", { container: "env: [{name: PASSWORD, value: [hunter22]}]" }));
    expect((error as Error).message).not.toContain("hunter22");
  });
});

describe("all forms are read alike", () => {
  const a = workload("a");
  const b = workload("b");
  const listed = (text: string) => `- ${text.trimEnd().split("\n").join("\n  ")}`;
  const expected = readManifests(`${a}---\n${b}`, "f");

  test.each([
    ["other order", `${b}---\n${a}`],
    ["Windows line ends", `${a}---\n${b}`.replaceAll("\n", "\r\n")],
    ["markers with comments and an end", `--- # first\n${a}...\n---\n# second\n${b}`],
    ["a directive", `%YAML 1.2\n---\n${a}---\n${b}`],
    ["a List", `apiVersion: v1\nkind: List\nitems:\n${listed(b)}\n${listed(a)}\n`],
    ["JSON", JSON.stringify({ apiVersion: "v1", kind: "List", items: expected })],
  ])("%s", (_, text) => {
    expect(readManifests(text, "f")).toEqual(expected);
  });

  test("a long List is read item by item and gives the same", () => {
    const many = Array.from({ length: 2_000 }, (_, i) => workload(`w-${i}`));
    const list = `apiVersion: v1\nitems:\n${many.map(listed).join("\n")}\nkind: List\nmetadata:\n  resourceVersion: ""\n`;
    expect(list.length).toBeGreaterThan(500_000);
    expect(readManifests(list, "f")).toEqual(readManifests(many.join("---\n"), "f"));
  });

  test("an error in a long List names its line", () => {
    const many = Array.from({ length: 2_000 }, (_, i) =>
      workload(`w-${i}`, i === 1_500 ? { replicas: -1 } : {}),
    );
    const list = `apiVersion: v1\nkind: List\nitems:\n${many.map(listed).join("\n")}\n`;
    const line = list.split("\n").findIndex((row) => row.includes("replicas: -1"));
    const named = Number(/line (\d+)/.exec((refusal(list) as Error).message)?.[1]);
    expect(line - named).toBeGreaterThan(0);
    expect(line - named).toBeLessThan(10);
  });

  test("items of a typed list know their kind from it", () => {
    const [item] = readManifests("apiVersion: v1\nkind: ServiceList\nitems: [{metadata: {name: a}}]\n", "f");
    expect(item).toMatchObject({
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "a", namespace: "default" },
    });
  });

  test("numbers are read as Kubernetes clients read them", () => {
    const [object] = readManifests(
      "apiVersion: x.io/v1\nkind: X\nmetadata: {name: a}\nmode: 0644\nflag: yes\nten: 10\n",
      "f",
    );
    expect(object).toMatchObject({ mode: 420, flag: true, ten: 10 });
  });
});

describe("what a cluster adds is left out", () => {
  test("namespaced kinds get the default namespace, cluster-scoped ones none", () => {
    const read = readManifests(
      `apiVersion: v1\nkind: Namespace\nmetadata: {name: a, namespace: wrong}\n---\napiVersion: v1\nkind: Service\nmetadata: {name: a}\n---
apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: things.x.io}\nspec: {scope: Cluster, names: {kind: Thing}}\n---
apiVersion: x.io/v1\nkind: Thing\nmetadata: {name: t}\n`,
      "f",
    );
    expect(Object.fromEntries(read.map((o) => [o.kind, o.metadata.namespace]))).toEqual({
      CustomResourceDefinition: undefined,
      Namespace: undefined,
      Thing: undefined,
      Service: "default",
    });
  });

  test("fields of the server and nulls are gone, the rest stays", () => {
    const [object] = readManifests(
      "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, uid: u, resourceVersion: '7', managedFields: [], annotations: {keep: me, kubectl.kubernetes.io/last-applied-configuration: '{}'}}\ndata: {a: b}\nimmutable: null\n",
      "f",
    );
    expect(object).toEqual({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "a", namespace: "default", annotations: { keep: "me" } },
      data: { a: "b" },
    });
  });

  test("files may come in any order, and the same object twice is one", () => {
    const config = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n";
    const one = readSources(`${config}---\n${workload("a")}`, "one.yaml");
    const two = readSources(`${workload("b")}---\n${config}`, "two.yaml");
    expect(gather([...one, ...two])).toEqual(gather([...two, ...one]));
    expect(gather([...one, ...two])).toHaveLength(3);
  });

  test("a mapping of very many keys takes no more than its share of time", () => {
    const keys = Array.from({ length: 40_000 }, (_, i) => `  k${i}: "${i}"`).join("\n");
    const [object] = readManifests(
      `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n${keys}\n`,
      "f",
    );
    expect(Object.keys(object?.["data"] ?? {})).toHaveLength(40_000);
  });

  test("documents are counted by their lines", () => {
    expect(splitDocuments("a: 1\n---\n\nb: 2\n---\n# nothing\n---\nc: 3").map((d) => d.line)).toEqual([
      1, 2, 7,
    ]);
  });
});
