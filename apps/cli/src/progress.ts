/** How far a long command is: a bar on a terminal, a line now and then elsewhere. On standard error, so that output can be piped. */

export interface Screen {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** Milliseconds between two looks at it: a terminal, and anything else. */
const PACE = { terminal: 100, lines: 10_000 };
const BAR = 24;

export class Progress {
  private readonly startedAt: number;
  private shownAt: number;
  private count = 0;
  private share: number | undefined;

  /**
   * @param label what is being done @param unit what is counted, in the plural
   * @param now milliseconds of a clock that never goes back
   */
  constructor(
    private readonly label: string,
    private readonly unit: string,
    private readonly screen: Screen = process.stderr,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.startedAt = this.now();
    // A terminal sees at once that something happens; a log need not hear of what is over soon.
    this.shownAt = screen.isTTY === true ? -Infinity : this.startedAt;
  }

  /** @param count how many so far @param share of the whole, from 0 to 1, where that is known */
  at(count: number, share?: number): void {
    this.count = count;
    this.share = share;
    const now = this.now();
    if (now - this.shownAt < (this.screen.isTTY === true ? PACE.terminal : PACE.lines)) return;
    this.shownAt = now;
    const text = this.text(now);
    this.screen.write(
      this.screen.isTTY === true ? `\r${this.bar()}${text.slice(0, (this.screen.columns ?? 80) - BAR - 2)}\x1b[K` : `${text}\n`,
    );
  }

  /** Clears the bar: what is printed next begins on a line of its own. */
  end(): void {
    if (this.screen.isTTY === true) this.screen.write('\r\x1b[K');
  }

  private text(now: number): string {
    const seconds = (now - this.startedAt) / 1000;
    const percent = this.share === undefined ? '' : ` ${Math.floor(this.share * 100)} %,`;
    const rate = seconds > 0 ? `, ${Math.round(this.count / seconds).toLocaleString('en')}/s` : '';
    const left = this.share === undefined || this.share <= 0 ? '' : `, ${duration((seconds / this.share) * (1 - this.share))} left`;
    return `${this.label}:${percent} ${this.count.toLocaleString('en')} ${this.unit}${rate}${left}`;
  }

  private bar(): string {
    if (this.share === undefined) return '';
    const full = Math.round(this.share * BAR);
    return `${'█'.repeat(full)}${'░'.repeat(BAR - full)} `;
  }
}

/** 7 s, 3 min 20 s, 2 h 5 min. @param seconds 0 or more */
export function duration(seconds: number): string {
  const s = Math.ceil(seconds);
  if (s < 60) return `${s} s`;
  const minutes = Math.floor(s / 60);
  return minutes < 60 ? `${minutes} min ${s % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
