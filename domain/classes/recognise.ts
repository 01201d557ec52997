/** What a workload's containers are known to be, with the evidence: the table of images first, then the signs that no rename hides. */

import type { Setting } from "../graph.ts";
import { settingsOf } from "../graph.ts";
import type { Inventory, Running } from "../inventory.ts";
import { type Container, containersOf, templatePathOf } from "../pods.ts";
import { productOfImage, type Role, repositoryOf } from "./images.ts";
import { SIGNS, type Sign } from "./signs.ts";

export type Evidence = {
  readonly object: string;
  readonly field: string;
  readonly sentence: string;
  readonly inferred?: boolean;
};

export type Recognised = { readonly role: Role; readonly product: string; readonly evidence: Evidence };

/** A workload with everything that the rules of classification look at. */
export type Subject = {
  readonly running: Running;
  readonly settings: readonly Setting[];
  readonly recognised: readonly Recognised[];
  /** Main containers for which neither the table nor the signs know anything. */
  readonly unknownContainers: number;
};

export const objectName = (running: Running): string => `${running.kind} ${running.id}`;

/** `spec.template.spec` of a Deployment, wherever it stands in other kinds. */
export const podPath = (running: Running): string => [...templatePathOf(running.kind), "spec"].join(".");

const listening = (
  container: Container,
  running: Running,
  inventory: Inventory,
  alone: boolean,
): ReadonlySet<number> => {
  const ports = new Set((container.ports ?? []).map((p) => p.containerPort));
  if (!alone) return ports;
  // Images may listen without a declared port; the Service in front tells.
  for (const service of inventory.servicesOf.get(running.id) ?? [])
    for (const { port, targetPort } of service.ports)
      if (typeof targetPort === "number") ports.add(targetPort);
      else if (targetPort === undefined) ports.add(port);
  return ports;
};

type Look = {
  readonly container: Container;
  readonly path: string;
  readonly settings: readonly Setting[];
  readonly ports: ReadonlySet<number>;
  readonly running: Running;
};

const found = (look: Look, field: string, sentence: string, inferred = false): Evidence => ({
  object: objectName(look.running),
  field: `${podPath(look.running)}.${look.path}${field}`,
  sentence,
  ...(inferred ? { inferred: true } : {}),
});

const envSign = (sign: Sign, look: Look): Evidence | undefined => {
  const hasPort = (sign.ports ?? []).some((p) => look.ports.has(p));
  const names = [
    ...(look.container.env ?? []).map((e) => e.name),
    ...look.settings
      .filter((s) => s.kind === "env" && !s.init && s.field.startsWith("ConfigMap "))
      .map((s) => s.name),
  ];
  const name = names.find((n) => sign.env?.test(n) || (hasPort && sign.envWithPort?.test(n)));
  return name === undefined
    ? undefined
    : found(look, `.env[${name}]`, `The variable ${name} configures ${sign.product}.`);
};

const otherSigns = (sign: Sign, look: Look): Evidence | undefined => {
  const { container, settings, ports } = look;
  const words = [...(container.command ?? []), ...(container.args ?? [])];
  const argument = sign.argument && words.find((w) => sign.argument?.test(w));
  if (argument !== undefined) {
    const option = /^--?[\w.-]+/.exec(argument)?.[0];
    const field = container.args?.includes(argument) ? ".args" : ".command";
    return found(
      look,
      field,
      `${option ?? "The command"} is ${sign.product}'s own${option ? " option" : ""}.`,
    );
  }
  const mount = container.volumeMounts?.find((m) => sign.mount?.test(m.mountPath));
  if (mount)
    return found(
      look,
      `.volumeMounts[${mount.name}]`,
      `${mount.mountPath} is where ${sign.product} keeps its data.`,
    );
  const config = sign.config && settings.find((s) => s.kind === "config" && sign.config?.test(s.value));
  if (config) {
    const [kind, name, ...field] = config.field.split(" ");
    return {
      object: `${kind} ${name}`,
      field: field.join(" "),
      sentence: `It is a configuration of ${sign.product}.`,
    };
  }
  const together = sign.portsTogether ?? [];
  const all = together.length > 0 && together.every((p) => ports.has(p));
  const one = sign.portAlone ? (sign.ports ?? []).find((p) => ports.has(p)) : undefined;
  if (all)
    return found(look, ".ports", `It listens on ${together.join(" and ")}, as ${sign.product} does.`, true);
  if (one !== undefined)
    return found(look, ".ports", `It listens on ${one}, the port of ${sign.product}.`, true);
  return undefined;
};

const recogniseContainer = (look: Look): Recognised | undefined => {
  const byImage = look.container.image === undefined ? undefined : productOfImage(look.container.image);
  if (byImage)
    return {
      ...byImage,
      evidence: found(
        look,
        ".image",
        `The image ${repositoryOf(look.container.image ?? "")} is known: ${byImage.product}.`,
      ),
    };
  for (const sign of SIGNS) {
    const evidence = envSign(sign, look) ?? otherSigns(sign, look);
    if (evidence) return { role: sign.role, product: sign.product, evidence };
  }
  return undefined;
};

/** Looks at each main container of a workload. */
export const examine = (running: Running, inventory: Inventory): Subject => {
  const settings = settingsOf(running, inventory);
  const mains = containersOf(running.template.spec).filter((c) => !c.init);
  const looks = mains.map(({ container, path }) => ({
    container,
    path,
    running,
    settings,
    ports: listening(container, running, inventory, mains.length === 1),
  }));
  const recognised = looks.map(recogniseContainer);
  return {
    running,
    settings,
    recognised: recognised.filter((r) => r !== undefined),
    unknownContainers: recognised.filter((r) => r === undefined).length,
  };
};

/** Recognised as a whole: at least one container of the role, and no stranger among the others. */
export const isWholly = (subject: Subject, role: Role): Recognised | undefined =>
  subject.unknownContainers === 0 && subject.recognised.every((r) => r.role === role || r.role === "helper")
    ? subject.recognised.find((r) => r.role === role)
    : undefined;

/** Recognised in part: one container is enough. */
export const holds = (subject: Subject, role: Role): Recognised | undefined =>
  subject.recognised.find((r) => r.role === role);
