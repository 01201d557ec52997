/** The mixes of answers by status: few objects, which thousands of bookings and counts go through. */

type Mix = Readonly<Record<string, number>>;

const known = new WeakMap<Mix, readonly (readonly [code: string, share: number])[]>();

/** The statuses of a mix with their shares, listed once for each: listed anew for each count they were a tenth of all memory of a rehearsal. */
export const sharesOf = (mix: Mix): readonly (readonly [code: string, share: number])[] => {
  let shares = known.get(mix);
  if (!shares) {
    shares = Object.entries(mix);
    known.set(mix, shares);
  }
  return shares;
};
