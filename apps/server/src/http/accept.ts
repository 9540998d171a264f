/**
 * Which of several media types a client would rather have (RFC 9110 §12.5.1).
 *
 * @param accept the header; undefined is anything
 * @param offers media types without parameters, the one to choose where the client has no preference first
 * @returns undefined where none of them is acceptable
 */
export function preferred<T extends string>(accept: string | undefined, offers: readonly T[]): T | undefined {
  const ranges = (accept ?? '*/*').split(',').map((part) => {
    const [range = '', ...parameters] = part.split(';').map((piece) => piece.trim().toLowerCase());
    const q = parameters.map((parameter) => /^q=([01](?:\.\d{0,3})?)$/.exec(parameter)?.[1]).find((value) => value !== undefined);
    return { range, quality: Math.min(1, Number(q ?? 1)) };
  });
  const qualityOf = (offer: string): number => {
    // The most specific range decides, also where it refuses.
    for (const range of [offer, `${offer.slice(0, offer.indexOf('/'))}/*`, '*/*']) {
      const found = ranges.find((each) => each.range === range);
      if (found !== undefined) return found.quality;
    }
    return 0;
  };
  const rated = offers.map((offer) => ({ offer, quality: qualityOf(offer) }));
  const best = Math.max(...rated.map(({ quality }) => quality));
  return best === 0 ? undefined : rated.find(({ quality }) => quality === best)?.offer;
}
