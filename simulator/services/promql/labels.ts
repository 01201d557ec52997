/** Labels of series: what makes two series the same. */

export type Labels = Readonly<Record<string, string>>;

/** Equal texts for equal labels, the metric's name aside. */
export const keyOf = (labels: Labels): string => {
  const names = Object.keys(labels).filter((k) => k !== "__name__");
  if (names.length === 0) return "";
  return names
    .sort()
    .map((k) => `${k}=${JSON.stringify(labels[k])}`)
    .join();
};

/** The labels without the metric's name: what is left after a computation. */
export const nameless = (labels: Labels): Labels => {
  if (labels["__name__"] === undefined) return labels;
  const { __name__: _, ...rest } = labels;
  return rest;
};
