/**
 * The few commands of kubectl that Repot prints and its documents name, read strictly and done as kubectl does them: resources by the server's own
 * discovery, names as they are, no flag that isn't known. For machines without kubectl, and for hundreds of commands in a second.
 */

import type { HttpRequest, HttpResponse } from "../../adapters/http.ts";
import type { Side } from "../../domain/phases.ts";

export type Ask = (
  side: Side,
  request: Omit<HttpRequest, "headers"> & { readonly type?: string },
) => HttpResponse;

/** Verb, and the flags that take a value (true) or none. */
const VERBS: Readonly<Record<string, Readonly<Record<string, boolean>>>> = {
  patch: { "--context": true, "-n": true, "--type": true, "-p": true },
  delete: { "--context": true, "-n": true },
  create: { "--context": true, "-f": true },
  apply: { "--context": true, "-f": true },
  get: { "--context": true, "-n": true, "-A": false, "-o": true },
  "rollout status": { "--context": true, "-n": true },
};

export type Command = {
  readonly verb: string;
  readonly side: Side;
  readonly flags: Readonly<Record<string, string>>;
  readonly words: readonly string[];
  /** What stands after `<<<`. */
  readonly input: string | undefined;
};

/** Words of a shell: quotes taken off, `'\''` as a quote; what is redirected to a file is left out. */
const wordsOf = (line: string): readonly string[] =>
  [...line.replace(/\s>\s\S+$/, "").matchAll(/(?:'[^']*'|\\'|"[^"]*"|[^\s'"\\]+)+/g)].map(([word]) =>
    word.replaceAll(
      /'([^']*)'|"([^"]*)"|\\(')/g,
      (_, single, double, escaped) => single ?? double ?? escaped,
    ),
  );

/** @throws Error that names what kubectl wouldn't take. */
export const readCommand = (line: string): Command => {
  const words = [...wordsOf(line)];
  if (words.shift() !== "kubectl") throw new Error(`${line} isn't kubectl.`);
  const here = words.indexOf("<<<");
  const input = here < 0 ? undefined : words.splice(here, 2)[1];
  const plain: string[] = [];
  const flags: Record<string, string> = {};
  for (let word = words.shift(); word !== undefined; word = words.shift())
    if (!word.startsWith("-") || word === "-") plain.push(word);
    else if (word === "-A") flags[word] = "";
    else flags[word] = words.shift() ?? "";
  const verb = plain[0] === "rollout" ? plain.splice(0, 2).join(" ") : (plain.shift() ?? "");
  const known = VERBS[verb];
  if (!known) throw new Error(`kubectl ${verb} isn't known here.`);
  for (const flag of Object.keys(flags))
    if (!(flag in known)) throw new Error(`kubectl ${verb} has no ${flag} here.`);
  const side = flags["--context"]?.toLowerCase();
  if (side !== "source" && side !== "target") throw new Error(`There is no context ${side}: ${line}`);
  return { verb, side, flags, words: plain, input };
};

type Resource = {
  readonly name: string;
  readonly singularName?: string;
  readonly kind: string;
  readonly namespaced: boolean;
  readonly shortNames?: readonly string[];
};
type Found = Resource & { readonly path: string };

const json = <T>(answer: HttpResponse): T => {
  if (answer.status >= 300)
    throw new Error(`${answer.status}: ${(JSON.parse(answer.body) as { message?: string }).message}`);
  return JSON.parse(answer.body) as T;
};

/** Everything that a server serves, by discovery. */
const servedBy = (
  ask: Ask,
  side: Side,
): readonly (Found & { readonly group: string; readonly version: string })[] => {
  const groups = json<{ groups: readonly { name: string; versions: readonly { version: string }[] }[] }>(
    ask(side, { method: "GET", url: "/apis" }),
  );
  const places = [
    { group: "", version: "v1", path: "/api/v1" },
    ...groups.groups.flatMap(({ name, versions }) =>
      versions.map(({ version }) => ({ group: name, version, path: `/apis/${name}/${version}` })),
    ),
  ];
  return places.flatMap((place) =>
    json<{ resources: readonly Resource[] }>(ask(side, { method: "GET", url: place.path }))
      .resources.filter(({ name }) => !name.includes("/"))
      .map((resource) => ({ ...resource, ...place })),
  );
};

/** `deployment`, `deploy`, `deployments.v1.apps`: as kubectl finds it. */
const resourceOf = (ask: Ask, side: Side, text: string): Found => {
  const [name = "", version, ...group] = text.toLowerCase().split(".");
  const found = servedBy(ask, side).find(
    (r) =>
      [r.name, r.singularName, r.kind.toLowerCase(), ...(r.shortNames ?? [])].includes(name) &&
      (version === undefined || (r.version === version && r.group === group.join("."))),
  );
  if (!found) throw new Error(`The ${side} has no resource ${text}.`);
  return found;
};

const pathOf = (found: Found, namespace: string | undefined, name: string): string => {
  if (found.namespaced && namespace === undefined)
    throw new Error(`${found.name} ${name} without -n would be looked for in default.`);
  if (!found.namespaced && namespace !== undefined)
    throw new Error(`${found.name} ${name} is in no namespace.`);
  return `${found.path}${namespace === undefined ? "" : `/namespaces/${namespace}`}/${found.name}${name === "" ? "" : `/${name}`}`;
};

/** As often is asked whether something is gone; each question finds the cluster a second older. */
const GONE_ASKED_MAX = 600;

/** Does what the command says: `patch`, `delete`, `create`, and looks at what the others name. @throws Error where kubectl would end with 1. */
export const perform = (line: string, ask: Ask): void => {
  const { verb, side, flags, words, input } = readCommand(line);
  if (verb === "create") {
    const object = JSON.parse(input ?? "") as {
      apiVersion: string;
      kind: string;
      metadata: { namespace?: string };
    };
    const [version = "", group = ""] = object.apiVersion.split("/").reverse();
    const found = resourceOf(ask, side, `${object.kind}.${version}.${group}`);
    json(ask(side, { method: "POST", url: pathOf(found, object.metadata.namespace, ""), body: input ?? "" }));
    return;
  }
  if (words.length !== 1) throw new Error(`kubectl ${verb} takes one object here: ${line}`);
  const [kind = "", name = ""] = words[0]?.split("/") ?? [];
  const url = pathOf(resourceOf(ask, side, kind), flags["-n"], name);
  json(ask(side, { method: "GET", url }));
  if (verb === "delete") {
    json(ask(side, { method: "DELETE", url }));
    // As kubectl does, whoever deletes waits until it is gone.
    for (let asked = 0; asked < GONE_ASKED_MAX; asked += 1)
      if (ask(side, { method: "GET", url }).status === 404) return;
    throw new Error(`${url} of the ${side} isn't gone.`);
  }
  if (verb !== "patch") return;
  if (flags["--type"] !== "merge") throw new Error(`A patch of type ${flags["--type"]} isn't printed.`);
  JSON.parse(flags["-p"] ?? "");
  json(ask(side, { method: "PATCH", url, body: flags["-p"] ?? "", type: "application/merge-patch+json" }));
};
