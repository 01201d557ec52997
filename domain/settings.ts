/**
 * repot.yaml: what the manifests can't know. Every key has a default or is an assumption that the plan lists; an unknown key is refused.
 * All times are seconds, all rates are per second, unless the name says otherwise. A workload is named `namespace/name`, or by its name
 * alone where that is unique.
 */

import { isNode, isScalar, LineCounter, parseDocument } from "yaml";
import type * as z from "zod";
import { BadInput } from "./errors.ts";
import { type SettingsFile, SettingsFileSchema } from "./settings/schema.ts";

export {
  type Settings,
  type SettingsFile,
  SettingsFileSchema,
  SettingsSchema,
} from "./settings/schema.ts";

/** What a repot.yaml says, and where: for messages about what turns out wrong later. */
export type GivenSettings = {
  readonly fileName: string;
  readonly given: SettingsFile;
  /** `repot.yaml, line 12` for a path of keys and indexes; the nearest line where the path ends early. */
  readonly where: (path: readonly (string | number)[]) => string;
};

const SETTINGS_CHARS_MAX = 2_000_000;

/**
 * Reads repot.yaml. Nothing is filled in here: that is the plan's business, which lists what it assumed.
 * @throws BadInput naming the line of broken YAML, an unknown key or a wrong value.
 */
export const readSettings = (text: string, fileName: string): GivenSettings => {
  if (text.length > SETTINGS_CHARS_MAX || text.includes("\u0000"))
    throw new BadInput(`${fileName} is not a settings file: it is binary or larger than 2 MB.`);
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, logLevel: "silent" });
  const where = (path: readonly (string | number)[]): string =>
    `${fileName}, line ${lineOf(document, lines, path)}`;
  const broken = document.errors[0];
  if (broken)
    throw new BadInput(
      `${fileName}, line ${lines.linePos(broken.pos[0]).line}: this is not YAML: ${broken.message.split("\n")[0] ?? ""}`,
    );
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 100 }) ?? {};
  } catch (cause) {
    throw new BadInput(
      `${fileName}: it expands its YAML aliases more than 100 times. Write the values out.`,
      { cause },
    );
  }
  const result = SettingsFileSchema.safeParse(value);
  const issue = result.error?.issues[0];
  if (issue) throw new BadInput(sentenceOf(issue, where));
  return { fileName, given: value as SettingsFile, where };
};

type Document = ReturnType<typeof parseDocument>;

/** The line of a key (the pair's own line, not its value's), or of the nearest thing above it. */
const lineOf = (document: Document, lines: LineCounter, path: readonly (string | number)[]): number => {
  for (let length = path.length; length > 0; length -= 1) {
    const parent: unknown =
      length === 1 ? document.contents : document.getIn(path.slice(0, length - 1), true);
    const key = path[length - 1];
    const items = isNode(parent) && "items" in parent ? (parent.items as readonly unknown[]) : [];
    for (const [index, item] of items.entries()) {
      const node: unknown = typeof key === "number" ? (index === key ? item : undefined) : keyNode(item, key);
      if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
    }
  }
  return 1;
};

const keyNode = (pair: unknown, key: string | undefined): unknown => {
  const node = (pair as { readonly key?: unknown } | null)?.key;
  return isScalar(node) && String(node.value) === key ? node : undefined;
};

/** What is wrong, in words; a schema's own message ("is no host name …") goes on from the field's name. */
const sentenceOf = (issue: z.core.$ZodIssue, where: GivenSettings["where"]): string => {
  const path = issue.path.filter((p): p is string | number => typeof p !== "symbol");
  const name = path.map((p, i) => (typeof p === "number" ? `[${p}]` : `${i === 0 ? "" : "."}${p}`)).join("");
  if (issue.code === "unrecognized_keys") {
    const key = issue.keys[0] ?? "";
    const subject = name === "" ? "there is" : `${name} has`;
    return `${where([...path, key])}: ${subject} no setting called ${JSON.stringify(key)}. docs/reference/repot-yaml.md lists them all.`;
  }
  if (issue.code === "invalid_value")
    return `${where(path)}: ${name} must be one of ${issue.values.map(String).join(", ")}.`;
  const message = issue.message.startsWith("is ")
    ? issue.message
    : issue.message.replace(/^Invalid input: /, "is wrong: ");
  return `${where(path)}: ${name === "" ? "the file" : name} ${message}.`;
};
