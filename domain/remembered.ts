/** Pure results kept by the text that they follow from, with a bound: what is asked again and again, in one run or in thousands, is worked out once. */

/** @param make Depends on its key only, and gives nothing that anybody changes. What it throws isn't kept. @param max Beyond it, everything is forgotten. */
export const remembered = <T>(max: number, make: (key: string) => T): ((key: string) => T) => {
  const known = new Map<string, T>();
  return (key) => {
    const found = known.get(key);
    if (found !== undefined) return found;
    const made = make(key);
    if (known.size >= max) known.clear();
    known.set(key, made);
    return made;
  };
};
