/**
 * The disks behind volumes, as the cloud has them: they outlive clusters, and what is on them is all that was ever written there. Contents are
 * counted in milliseconds of writing: as long as a pod runs on a disk, it writes.
 */

export type Disks = {
  /** A new disk: empty, or made of a snapshot with that content of a claim's. */
  readonly create: (handle: string, content?: number, claim?: string) => void;
  /** It is deleted, with everything on it. */
  readonly remove: (handle: string) => void;
  /** What is on it now; undefined where there is no such disk. */
  readonly contentOf: (handle: string) => number | undefined;
  /** Who writes what, from now on: by disk, the claim (`namespace/name`) that its pods know it by. */
  readonly setWriters: (side: string, writers: ReadonlyMap<string, string>) => void;
  /** Claims that were ever written to. */
  readonly claims: () => readonly ClaimState[];
};

export type ClaimState = {
  readonly claim: string;
  /** Disks that pods write to now, with what each of them lacks of all that was written under that claim. */
  readonly writers: readonly { readonly side: string; readonly disk: string; readonly lacks: number }[];
  /** What the fullest disk that is left lacks. */
  readonly gone: number;
};

/** @param now Milliseconds. */
export const makeDisks = (now: () => number): Disks => {
  const contents = new Map<string, number>();
  /** All that was ever written, by claim, and the disks that were known by it. */
  const written = new Map<string, { total: number; readonly disks: Set<string> }>();
  const bySide = new Map<string, ReadonlyMap<string, string>>();
  let settledAt = now();
  const settle = (): void => {
    const passed = now() - settledAt;
    settledAt = now();
    for (const writers of bySide.values())
      for (const [disk, claim] of writers) {
        if (contents.has(disk)) contents.set(disk, (contents.get(disk) ?? 0) + passed);
        const known = written.get(claim);
        if (known) known.total += passed;
      }
  };
  return {
    create: (handle, content = 0, claim = "") => {
      if (!contents.has(handle)) contents.set(handle, content);
      written.get(claim)?.disks.add(handle);
    },
    remove: (handle) => {
      settle();
      contents.delete(handle);
    },
    contentOf: (handle) => {
      settle();
      return contents.get(handle);
    },
    setWriters: (side, writers) => {
      settle();
      bySide.set(side, writers);
      for (const [disk, claim] of writers) {
        const known = written.get(claim) ?? { total: 0, disks: new Set<string>() };
        known.disks.add(disk);
        written.set(claim, known);
      }
    },
    claims: () => {
      settle();
      return [...written].map(([claim, { total, disks }]) => ({
        claim,
        writers: [...bySide].flatMap(([side, writers]) =>
          [...writers].flatMap(([disk, of]) =>
            of === claim ? [{ side, disk, lacks: total - (contents.get(disk) ?? 0) }] : [],
          ),
        ),
        gone: total - Math.max(0, ...[...disks].map((disk) => contents.get(disk) ?? 0)),
      }));
    },
  };
};
