/** The classes of resolvers that clients sit behind: how long each believes what it was told, and whose word on a delegation it takes. */

import { RESOLVERS, type Resolvers } from "../../../domain/resolvers.ts";

/** What one class does with TTLs. Seconds throughout. */
export type ResolverClass = Omit<Resolvers, "ignoresSeconds"> & {
  /** Believes nobody's TTL while the fault is on. */
  readonly mayIgnore: boolean;
};

/** The same classes that the DNS calculator counts with. */
export const RESOLVER_CLASSES: readonly ResolverClass[] = RESOLVERS.map(
  ({ ignoresSeconds, ...resolvers }) => ({
    ...resolvers,
    mayIgnore: ignoresSeconds !== undefined,
  }),
);
