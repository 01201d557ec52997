/** NAME of flags and of repot.yaml: `namespace/name`, or the name alone where it is unique. */

import { BadInput } from "../errors.ts";

export type Resolve = (name: string, where: string) => string;

/** @returns a function that gives `namespace/name`. It throws BadInput for a name that nothing or more than one workload has. */
export const resolver = (ids: readonly string[]): Resolve => {
  const known = new Set(ids);
  const byName = new Map<string, string[]>();
  for (const id of ids) {
    const short = id.slice(id.indexOf("/") + 1);
    byName.set(short, [...(byName.get(short) ?? []), id]);
  }
  return (name, where) => {
    if (known.has(name)) return name;
    const [first, second] = byName.get(name) ?? [];
    if (first === undefined) throw new BadInput(`${where}: no workload is called ${JSON.stringify(name)}.`);
    if (second !== undefined)
      throw new BadInput(
        `${where}: ${JSON.stringify(name)} could be ${first} or ${second}: write it as namespace/name.`,
      );
    return first;
  };
};
