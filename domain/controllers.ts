/**
 * Controllers that act on things outside of their cluster, and how two of them get along. What they own is told by an identity of their own: an
 * owner id in TXT records, a cluster's name in tags. Two with one identity take each other's things for leftovers, and delete them.
 */

import * as z from "zod";

/**
 * `owned`: both run, each owning only its own; what is shared (a zone's name) is handed over in the ledger. `beside`: both run to the end, each on
 * what carries its own cluster's name. `exclusive`: there is nothing to tell two of them apart, so one stops before the other starts.
 */
export const CONTROLLER_WAYS = ["owned", "beside", "exclusive"] as const;
export const ControllerSchema = z.object({ product: z.string(), way: z.enum(CONTROLLER_WAYS) });
export type Controller = z.infer<typeof ControllerSchema>;

/** Arguments that say whose things a controller takes for its own, and environment variables that do. */
const IDENTITIES: Readonly<
  Record<string, { readonly way: Controller["way"]; readonly flags: readonly string[] }>
> = {
  "external-dns": { way: "owned", flags: ["txt-owner-id"] },
  "AWS Load Balancer Controller": { way: "beside", flags: ["cluster-name"] },
  "Cluster Autoscaler": { way: "beside", flags: ["cluster-name", "node-group-auto-discovery"] },
  Karpenter: { way: "beside", flags: ["cluster-name"] },
};

/** Karpenter is told its cluster by a variable. */
const NAME_VARIABLES: ReadonlySet<string> = new Set(["CLUSTER_NAME"]);

/** How a product moves; cert-manager, ACK, Crossplane and what isn't known go one after the other. */
export const controllerOf = (product: string): Controller => ({
  product,
  way: IDENTITIES[product]?.way ?? "exclusive",
});

/** A container as far as a controller's identity goes. */
export type ControllerContainer = {
  readonly name?: string;
  readonly args?: readonly string[];
  readonly env?: readonly { readonly name: string; readonly value?: string }[];
};

const flagOf = (argument: string): string => /^--?([\w-]+)/.exec(argument)?.[1] ?? "";
const afterEquals = (argument: string): string => argument.slice(argument.indexOf("=") + 1);

/** Values of a flag that is written `--flag=value`. */
export const valuesOf = (args: readonly string[], flag: string): readonly string[] =>
  args.filter((a) => flagOf(a) === flag && a.includes("=")).map(afterEquals);

/** Replaces a flag where it stands, appends it where it doesn't. */
const withFlag = (args: readonly string[], flag: string, value: string): readonly string[] => {
  const at = args.findIndex((a) => flagOf(a) === flag);
  const kept = args.filter((a, i) => flagOf(a) !== flag || i === at);
  return at < 0
    ? [...kept, `--${flag}=${value}`]
    : kept.map((a) => (flagOf(a) === flag ? `--${flag}=${value}` : a));
};

export type Identity = {
  /** The clusters' names. */
  readonly source: string;
  readonly target: string;
  /** The zone that is the target's; absent where it isn't asked for. */
  readonly zoneId?: string;
  /** Whether it may delete: it may not until it owns. */
  readonly armed: boolean;
};

/** external-dns may not delete before it owns; then it may what the source's may. */
const policyOf = (source: readonly string[], armed: boolean): string =>
  armed ? (valuesOf(source, "policy").at(-1) ?? "sync") : "upsert-only";

const argumentsOf = (product: string, source: readonly string[], identity: Identity): readonly string[] => {
  const { target, zoneId, armed } = identity;
  if (product === "external-dns") {
    const own = withFlag(source, "txt-owner-id", target);
    const pinned = zoneId === undefined ? own : withFlag(own, "zone-id-filter", zoneId);
    return withFlag(pinned, "policy", policyOf(source, armed));
  }
  return source.map((argument) => {
    const flag = flagOf(argument);
    if (!(IDENTITIES[product]?.flags ?? []).includes(flag)) return argument;
    return flag === "node-group-auto-discovery"
      ? argument.replaceAll(`/${identity.source}`, `/${target}`)
      : `--${flag}=${target}`;
  });
};

/** A controller's containers with the target's identity, out of the source's. Others of its pod stay as they are. */
export const withIdentity = <C extends ControllerContainer>(
  product: string,
  containers: readonly C[],
  identity: Identity,
): readonly C[] =>
  containers.map((container) => {
    if (!isController(product, container)) return container;
    const env = container.env?.map((e) =>
      product === "Karpenter" && NAME_VARIABLES.has(e.name) ? { ...e, value: identity.target } : e,
    );
    return {
      ...container,
      ...(container.args || product === "external-dns"
        ? { args: argumentsOf(product, container.args ?? [], identity) }
        : {}),
      ...(env ? { env } : {}),
    };
  });

const isController = (product: string, { args = [], env = [] }: ControllerContainer): boolean =>
  product === "external-dns"
    ? args.some((a) => ["source", "provider", "txt-owner-id", "domain-filter"].includes(flagOf(a)))
    : args.some((a) => (IDENTITIES[product]?.flags ?? []).includes(flagOf(a))) ||
      env.some((e) => NAME_VARIABLES.has(e.name));

/** What tells a controller's things from those of its namesake in the other cluster; undefined where nothing does. */
export const identityOf = (
  product: string,
  containers: readonly ControllerContainer[],
): string | undefined => {
  for (const { args = [], env = [] } of containers) {
    const [flag = ""] = IDENTITIES[product]?.flags ?? [];
    const own = valuesOf(args, flag).at(-1);
    if (own !== undefined) return own;
    const named = env.find((e) => NAME_VARIABLES.has(e.name))?.value;
    if (product === "Karpenter" && named !== undefined) return named;
  }
  return undefined;
};

/** The record by which external-dns knows that another one is its own (its TXT registry). */
const HERITAGE = /heritage=external-dns,external-dns\/owner=([^,"]+)/;

export const ownerIn = (text: string): string | undefined => HERITAGE.exec(text)?.[1];

/** The same with another owner. */
export const withOwner = (text: string, from: string, to: string): string =>
  ownerIn(text) === from ? text.replace(`external-dns/owner=${from}`, `external-dns/owner=${to}`) : text;
