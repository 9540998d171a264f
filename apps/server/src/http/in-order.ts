/**
 * Works on what comes, several at once, and gives each result as soon as it and those before it are there. While
 * nobody takes results, nothing further is read.
 *
 * @param work started in the order of `items`; must not reject
 * @param most how many are under way at once, a bound on memory
 */
export async function* inOrder<T, R>(items: AsyncIterable<T>, work: (item: T) => Promise<R>, most: number): AsyncGenerator<R, void> {
  const iterator = items[Symbol.asyncIterator]();
  const underWay: Promise<R>[] = [];
  let next = iterator.next();
  try {
    for (let reading = true; reading || underWay.length > 0;) {
      const [oldest] = underWay;
      const mayRead = reading && underWay.length < most;
      if (oldest !== undefined && (!mayRead || (await isFirst(oldest, next)))) {
        yield await oldest;
        void underWay.shift();
        continue;
      }
      const item = await next;
      reading = item.done !== true;
      if (item.done === true) continue;
      underWay.push(work(item.value));
      next = iterator.next();
    }
  } finally {
    // Where nobody wants the rest, what is being read must not be left behind as a rejection nobody hears.
    next.catch(() => undefined);
    await iterator.return?.();
  }
}

/** Whether `one` settles before `other`. */
const isFirst = (one: Promise<unknown>, other: Promise<unknown>): Promise<boolean> =>
  Promise.race([one.then(() => true), other.then(() => false)]);
