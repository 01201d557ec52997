/** Sticky and balanced: who keeps what, and who gets what is free. The same for any order of the members. */

import { byCodeUnit } from "../../../domain/kube.ts";

/**
 * @param owners The owner of each partition now, undefined where nobody owns it.
 * @returns the member of each partition; undefined where there are no members.
 */
export const stickyAssignment = <Member extends { readonly id: string }>(
  members: readonly Member[],
  owners: readonly (Member | undefined)[],
): readonly (Member | undefined)[] => {
  if (members.length === 0) return owners.map(() => undefined);
  const owned = new Map<Member, number>(members.map((m) => [m, 0]));
  for (const owner of owners) {
    const count = owner && owned.get(owner);
    if (owner && count !== undefined) owned.set(owner, count + 1);
  }
  const base = Math.floor(owners.length / members.length);
  const more = owners.length % members.length;
  // Who owns most keeps the larger share: fewer partitions move.
  const ranked = [...members].sort(
    (a, b) => (owned.get(b) ?? 0) - (owned.get(a) ?? 0) || byCodeUnit(a.id, b.id),
  );
  const room = new Map(ranked.map((m, i) => [m, base + (i < more ? 1 : 0)]));
  const kept = owners.map((owner) => {
    const left = owner && room.get(owner);
    if (!owner || left === undefined || left === 0) return undefined;
    room.set(owner, left - 1);
    return owner;
  });
  let next = 0;
  return kept.map((owner) => {
    if (owner) return owner;
    while (next < ranked.length && (room.get(ranked[next] as Member) ?? 0) === 0) next += 1;
    const member = ranked[next];
    if (member) room.set(member, (room.get(member) ?? 0) - 1);
    return member;
  });
};
