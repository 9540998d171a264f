/**
 * Once caught up, events are applied in batches, one in so many milliseconds: a transaction and the index pages that
 * its rows share are written once for all of them. Alone an event is shown at once; and where somebody waits for what
 * they wrote, nothing is waited for.
 */
export class Pace {
  private wake: (() => void) | undefined;
  private hurried = false;

  constructor(private readonly milliseconds: number) {}

  /** Somebody waits: ends a rest, or spares the next one. */
  hurry(): void {
    this.hurried = true;
    this.wake?.();
  }

  /** The time until the next batch. */
  async rest(): Promise<void> {
    if (!this.hurried) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, this.milliseconds);
        this.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.wake = undefined;
    this.hurried = false;
  }
}
