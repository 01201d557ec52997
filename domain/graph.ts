/**
 * The call graph as the manifests tell it: environment values, arguments, commands and ConfigMaps of a pod that name a Service. It is why a
 * stack moves whole: a service that is called must answer in the same cluster.
 */

import type { Inventory, Running, ServiceInfo } from "./inventory.ts";
import { byCodeUnit } from "./kube.ts";
import { type Container, containersOf } from "./pods.ts";

/** A text of a pod's configuration, with the field that holds it. */
export type Setting = {
  /** `Deployment shop/cart spec.template.spec.containers[app].env[REDIS_ADDR]`, or `ConfigMap shop/app data[app.yaml]`. */
  readonly field: string;
  /** The variable's, option's or key's own name; empty where it has none. */
  readonly name: string;
  readonly value: string;
  readonly kind: "env" | "argument" | "config";
  /** True for what only runs before the pod starts. */
  readonly init: boolean;
};

const VARIABLES_MAX = 20;

/** `$(NAME)` of values as the kubelet replaces it, with the variables defined so far. */
const expand = (value: string, variables: ReadonlyMap<string, string>): string => {
  let text = value;
  for (let i = 0; i < VARIABLES_MAX && text.includes("$("); i += 1) {
    const next = text.replace(/\$\(([\w.-]+)\)/g, (all, name: string) => variables.get(name) ?? all);
    if (next === text) break;
    text = next;
  }
  return text;
};

const configData = (
  inventory: Inventory,
  namespace: string,
  name: string,
): Readonly<Record<string, string>> => {
  const map = inventory.configMaps.get(`${namespace}/${name}`);
  return (map?.["data"] ?? {}) as Readonly<Record<string, string>>;
};

const environmentOf = (
  running: Running,
  container: Container,
  path: string,
  init: boolean,
  inventory: Inventory,
): { readonly settings: Setting[]; readonly variables: ReadonlyMap<string, string> } => {
  const variables = new Map<string, string>();
  const settings: Setting[] = [];
  const add = (field: string, name: string, raw: string) => {
    const value = expand(raw, variables);
    variables.set(name, value);
    settings.push({ field, name, value, kind: "env", init });
  };
  for (const from of container.envFrom ?? []) {
    const name = from.configMapRef?.name;
    if (name === undefined) continue;
    for (const [key, value] of Object.entries(configData(inventory, running.namespace, name)))
      add(`ConfigMap ${running.namespace}/${name} data[${key}]`, key, value);
  }
  for (const entry of container.env ?? []) {
    const ref = entry.valueFrom?.configMapKeyRef;
    const referred = ref && configData(inventory, running.namespace, ref.name)[ref.key];
    if (ref && referred !== undefined)
      add(`ConfigMap ${running.namespace}/${ref.name} data[${ref.key}]`, entry.name, referred);
    else if (entry.value !== undefined) add(`${path}.env[${entry.name}]`, entry.name, entry.value);
  }
  return { settings, variables };
};

const argumentsOf = (
  container: Container,
  path: string,
  init: boolean,
  variables: ReadonlyMap<string, string>,
): Setting[] =>
  (["command", "args"] as const).flatMap((list) =>
    (container[list] ?? []).map((raw, i, all) => {
      const value = expand(raw, variables);
      const own = /^--?([A-Za-z][\w.-]*)=/.exec(value)?.[1];
      const before = /^--?([A-Za-z][\w.-]*)$/.exec(all[i - 1] ?? "")?.[1];
      return {
        field: `${path}.${list}[${i}]`,
        name: own ?? before ?? "",
        value,
        kind: "argument" as const,
        init,
      };
    }),
  );

/** ConfigMaps that a pod mounts. */
const mountedMaps = (running: Running): string[] => [
  ...new Set(
    (running.template.spec.volumes ?? []).flatMap((volume) => [
      volume.configMap?.name ?? "",
      ...(volume.projected?.sources ?? []).map((s) => s.configMap?.name ?? ""),
    ]),
  ),
];

/** Everything that configures a workload's pods, as texts. */
export const settingsOf = (running: Running, inventory: Inventory): readonly Setting[] => {
  const root =
    running.kind === "Pod"
      ? "spec"
      : `${running.kind === "CronJob" ? "spec.jobTemplate.spec" : "spec"}.template.spec`;
  const own = containersOf(running.template.spec).flatMap(({ container, path, init }) => {
    const field = `${running.kind} ${running.id} ${root}.${path}`;
    const { settings, variables } = environmentOf(running, container, field, init, inventory);
    return [...settings, ...argumentsOf(container, field, init, variables)];
  });
  const mounted = mountedMaps(running).flatMap((name) =>
    Object.entries(configData(inventory, running.namespace, name)).map(([key, value]) => ({
      field: `ConfigMap ${running.namespace}/${name} data[${key}]`,
      name: key,
      value,
      kind: "config" as const,
      init: false,
    })),
  );
  return [...own, ...mounted];
};

/** Names of variables, options and keys whose value is an address even where it is a bare word. */
const ADDRESS_NAME =
  /(host(name)?s?|addr(ess(es)?)?|ur[il]s?|endpoints?|servers?|service|brokers?|bootstrap|targets?|upstream|backend|dsn|connection([-_ ]?string)?|nodes?|seeds?|peers?|proxy|uri|origin|sentinels?)$/i;

/** Candidates in a text: a word that can be a Service's name, with an optional scheme before and an optional port after. */
const WORD =
  /(?:([a-z][a-z0-9+.-]*):\/\/(?:[^\s/?#"'@]*@)?)?([a-z][a-z0-9-]*(?:\.[a-z0-9-]+)*)(?::(\d{1,5})\b|[ \t]+(\d{2,5})\b)?/gi;

const resolve = (word: string, namespace: string, inventory: Inventory): ServiceInfo | undefined => {
  const [name, second, third, fourth] = word.toLowerCase().split(".");
  if (second === undefined) return inventory.serviceById.get(`${namespace}/${name}`);
  if (third === undefined || third === "svc") return inventory.serviceById.get(`${second}/${name}`);
  // A pod of a headless Service: `kafka-0.kafka.shop.svc.cluster.local`.
  if (fourth === "svc") return inventory.serviceById.get(`${third}/${second}`);
  return undefined;
};

/** A headless pod's address within its namespace: `kafka-0.kafka`. */
const resolvePod = (word: string, namespace: string, inventory: Inventory): ServiceInfo | undefined => {
  const parts = word.toLowerCase().split(".");
  return parts.length === 2 && /-\d+$/.test(parts[0] ?? "")
    ? inventory.serviceById.get(`${namespace}/${parts[1]}`)
    : undefined;
};

/** The key that stands before a word in its line: `host: redis`, `Host=postgresql;`, `proxy_pass http://…`. */
const keyBefore = (text: string, index: number): string => {
  const line = text.slice(Math.max(0, text.lastIndexOf("\n", index - 1) + 1), index);
  return /([A-Za-z][\w.-]*)["']?\s*(?:[:=]|=>|\s)\s*\[?["']?$/.exec(line)?.[1] ?? "";
};

const meansService = (service: ServiceInfo, setting: Setting, match: RegExpExecArray): boolean => {
  const [, scheme, word = "", colon, blank] = match;
  const port = Number(colon ?? blank ?? Number.NaN);
  const has = service.ports.some((p) => p.port === port) || service.ports.length === 0;
  const whole = setting.value === match[0];
  if (scheme !== undefined) return true;
  if (colon !== undefined || blank !== undefined) return has || (whole && ADDRESS_NAME.test(setting.name));
  if (/\.svc(\.|$)/.test(word)) return true;
  if (whole || /^[\w.,-]+$/.test(setting.value))
    return ADDRESS_NAME.test(setting.name) && setting.kind !== "config";
  return ADDRESS_NAME.test(keyBefore(setting.value, match.index));
};

/** The Services that a text names. */
export const namedIn = (
  setting: Setting,
  namespace: string,
  inventory: Inventory,
): readonly ServiceInfo[] => {
  const found = new Map<string, ServiceInfo>();
  for (const match of setting.value.matchAll(WORD)) {
    const word = match[2] ?? "";
    const service = resolve(word, namespace, inventory) ?? resolvePod(word, namespace, inventory);
    if (service && !found.has(service.id) && meansService(service, setting, match))
      found.set(service.id, service);
  }
  return [...found.values()];
};

export type Call = { readonly service: string; readonly field: string };

/** Services that a workload calls, each with the first field that says so; its own Services are left out. */
export const callsOf = (
  running: Running,
  inventory: Inventory,
  settings: readonly Setting[] = settingsOf(running, inventory),
): readonly Call[] => {
  const calls = new Map<string, string>();
  const own = new Set((inventory.servicesOf.get(running.id) ?? []).map((s) => s.id));
  for (const setting of settings)
    for (const service of namedIn(setting, running.namespace, inventory))
      if (!own.has(service.id) && !calls.has(service.id)) calls.set(service.id, setting.field);
  return [...calls]
    .map(([service, field]) => ({ service, field }))
    .sort((a, b) => byCodeUnit(a.service, b.service));
};
