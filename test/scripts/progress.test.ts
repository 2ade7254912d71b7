import { describe, expect, it } from 'vitest';
import { loadScript } from '../support/script';

interface Stream {
  write(text: string): void;
  isTTY?: boolean;
}
const { Progress, rateText, timeText } = loadScript<{
  Progress: new (options: {
    total: number;
    unit?: string;
    every?: number;
    stream: Stream;
    now: () => number;
  }) => { update(n: number, facts?: string): void; end(): void };
  rateText: (seconds: number, unit: string) => string;
  timeText: (seconds: number) => string;
}>('command-line/progress.mjs');

/** Items of two seconds each, after a first one of ten. */
function told(isTTY: boolean, total: number): string[] {
  const written: string[] = [];
  let time = 0;
  const stream = { isTTY, write: (text: string) => void written.push(text) };
  const progress = new Progress({ total, stream, now: () => time });
  time = 10_000;
  for (let n = 1; n <= total; n++) {
    progress.update(n, `loss ${n}`);
    time += 2000;
  }
  progress.end();
  return written;
}

describe('in a file', () => {
  it('tells the first, then every 30 seconds, then the last; with speed and time left', () => {
    const lines = told(false, 40).map((line) => line.slice(21));
    expect(lines).toEqual([
      'step 1 of 40  loss 1\n',
      'step 16 of 40  loss 16  2.00 s/step  0:48 left\n',
      'step 31 of 40  loss 31  2.00 s/step  0:18 left\n',
      'step 40 of 40  loss 40  2.00 s/step\n',
    ]);
  });
});

describe('in a terminal', () => {
  it('changes one line, and ends it', () => {
    const written = told(true, 4);
    expect(written).toHaveLength(5);
    expect(written[1]).toBe(
      `\r${'█'.repeat(10)}${'░'.repeat(10)} step 2 of 4  loss 2  2.00 s/step  0:04 left\u001b[K`,
    );
    expect(written.at(-1)).toBe('\n');
  });
});

it('speeds and times are told as people read them', () => {
  expect(rateText(0.25, 'step')).toBe('4.00 steps/s');
  expect(rateText(1.04, 'step')).toBe('1.04 s/step');
  expect([0, 59.4, 60, 3599.6, 90061].map(timeText)).toEqual([
    '0:00',
    '0:59',
    '1:00',
    '1:00:00',
    '25:01:01',
  ]);
});
