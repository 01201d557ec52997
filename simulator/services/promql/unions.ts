/** `label_replace` and `or`: how series of several questions come into one answer. */

import type { Element } from "./evaluate.ts";
import { ExecutionError } from "./failures.ts";
import { keyOf } from "./labels.ts";

/** A label that every series of a vector has, and the values that it has in them. */
export type Marked = { readonly label: string; readonly values: ReadonlySet<string> };
type Vector = { readonly vector: readonly Element[]; readonly marked?: Marked };

type Replacement = {
  readonly label: string;
  readonly replacement: string;
  readonly from: string;
  readonly pattern: string;
};

/** As Prometheus: the label gets the replacement where the whole of the other label matches, and is taken away where that is empty. */
export const relabelled = (vector: readonly Element[], of: Replacement): Vector => {
  if (!/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(of.label))
    throw new ExecutionError(`invalid destination label name in label_replace(): ${of.label}`);
  const pattern = patternOf(of.pattern);
  const named = vector.map(({ labels, value }) => {
    const match = pattern.exec(labels[of.from] ?? "");
    if (!match) return { labels, value };
    const text = of.replacement.replace(
      /\$(?:(\d+)|\{(\d+)\})/g,
      (_, a?: string, b?: string) => match[Number(a ?? b)] ?? "",
    );
    const { [of.label]: _old, ...others } = labels;
    return { labels: text === "" ? others : { ...others, [of.label]: text }, value };
  });
  // A constant in a label that none had tells nothing apart, and makes nothing the same.
  const isMark =
    of.from === "" &&
    of.pattern === "" &&
    /^[^$]+$/.test(of.replacement) &&
    vector.every(({ labels }) => labels[of.label] === undefined);
  return isMark
    ? { vector: named, marked: { label: of.label, values: new Set([of.replacement]) } }
    : { vector: withoutTwins(named) };
};

const patternOf = (pattern: string): RegExp => {
  try {
    return new RegExp(`^(?:${pattern})$`, "s");
  } catch {
    throw new ExecutionError(`invalid regular expression in label_replace(): ${pattern}`);
  }
};

const withoutTwins = (vector: readonly Element[]): readonly Element[] => {
  if (new Set(vector.map((e) => keyOf(e.labels))).size < vector.length)
    throw new ExecutionError("vector cannot contain metrics with the same labelset");
  return vector;
};

/** All of the left, and of the right what the left has not. Series that a label tells apart needn't be held against each other. */
export const united = (left: Vector, right: Vector): Vector => {
  const marked = apart(left.marked, right.marked);
  if (marked) return { vector: [...left.vector, ...right.vector], marked };
  const known = new Set(left.vector.map((e) => keyOf(e.labels)));
  return { vector: [...left.vector, ...right.vector.filter((e) => !known.has(keyOf(e.labels)))] };
};

const apart = (left: Marked | undefined, right: Marked | undefined): Marked | undefined => {
  if (!left || !right || left.label !== right.label) return undefined;
  for (const value of right.values) if (left.values.has(value)) return undefined;
  return { label: left.label, values: new Set([...left.values, ...right.values]) };
};
