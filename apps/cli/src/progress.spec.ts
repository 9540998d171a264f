import { duration, Progress } from './progress';

/** A screen that keeps what is written, and a clock that is set. */
function screen(isTTY: boolean) {
  const written: string[] = [];
  const clock = { at: 0 };
  const progress = new Progress('Importing', 'calls', { isTTY, columns: 100, write: (text) => written.push(text) }, () => clock.at);
  return { progress, written, clock };
}

describe('Progress', () => {
  it('is a bar on a terminal, with rate and time left, cleared at its end', () => {
    const { progress, written, clock } = screen(true);
    clock.at = 2_000;
    progress.at(1_000, 0.25);
    expect(written).toEqual([`\r${'█'.repeat(6)}${'░'.repeat(18)} Importing: 25 %, 1,000 calls, 500/s, 6 s left\x1b[K`]);
    progress.end();
    expect(written[1]).toBe('\r\x1b[K');
  });

  it('is not drawn more often than anybody can see', () => {
    const { progress, written, clock } = screen(true);
    for (clock.at = 0; clock.at < 1_000; clock.at++) progress.at(clock.at, clock.at / 1_000);
    expect(written).toHaveLength(10);
  });

  it('is a plain line now and then elsewhere, and none where it is over soon', () => {
    const { progress, written, clock } = screen(false);
    for (clock.at = 0; clock.at < 25_000; clock.at += 100) progress.at(clock.at, clock.at / 100_000);
    progress.end();
    expect(written).toEqual([
      'Importing: 10 %, 10,000 calls, 1,000/s, 1 min 30 s left\n',
      'Importing: 20 %, 20,000 calls, 1,000/s, 1 min 20 s left\n',
    ]);
  });

  it('without a known whole counts only', () => {
    const { progress, written, clock } = screen(true);
    clock.at = 1_000;
    progress.at(5_000);
    expect(written).toEqual(['\rImporting: 5,000 calls, 5,000/s\x1b[K']);
  });

  it('fits a narrow terminal', () => {
    const written: string[] = [];
    const progress = new Progress('Importing', 'calls', { isTTY: true, columns: 40, write: (text) => written.push(text) }, () => 1);
    progress.at(1, 0.5);
    expect(written[0]!.length).toBeLessThanOrEqual('\r\x1b[K'.length + 40);
  });

  it.each([
    [0, '0 s'],
    [59.2, '1 min 0 s'],
    [61, '1 min 1 s'],
    [3_600, '1 h 0 min'],
    [7_380, '2 h 3 min'],
  ])('%s seconds are %s', (seconds, text) => {
    expect(duration(seconds)).toBe(text);
  });
});
