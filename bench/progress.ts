// How far a run is: a bar with the time left on a terminal, one line per scenario elsewhere.
import { SingleBar } from 'cli-progress';

export interface Progress {
  /** `seconds` is what is left to do, as planned. */
  begin(seconds: number): void;
  step(label: string): void;
  /** The planned time of the step that just ended. */
  done(seconds: number): void;
  end(): void;
}

export function progressOn(stream: NodeJS.WriteStream): Progress {
  return stream.isTTY ? progressBar(stream) : progressLines(stream);
}

/** Shows nothing. */
export const quiet: Progress = {
  begin: () => undefined,
  step: () => undefined,
  done: () => undefined,
  end: () => undefined,
};

function progressBar(stream: NodeJS.WriteStream): Progress {
  const bar = new SingleBar({
    format: '{bar} {percentage}% · {left} left · {label}',
    stream,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    hideCursor: true,
    clearOnComplete: true,
  });
  const clock = paceClock();
  let label = '';
  const show = (): void => bar.update(clock.done(), { label, left: clock.left() });
  return {
    begin(seconds) {
      clock.begin(seconds);
      bar.start(seconds, 0, { label, left: clock.left() });
    },
    step(text) {
      label = text;
      show();
    },
    done(seconds) {
      clock.advance(seconds);
      show();
    },
    end: () => bar.stop(),
  };
}

function progressLines(stream: NodeJS.WriteStream): Progress {
  const clock = paceClock();
  let last = '';
  return {
    begin: clock.begin,
    step(label) {
      const scenario = label.split(' · ', 1)[0] ?? '';
      if (scenario === last) return;
      last = scenario;
      stream.write(`${scenario} (${clock.left()} left)\n`);
    },
    done: clock.advance,
    end: () => undefined,
  };
}

/** Time left: planned time that is left, at the pace of the run so far. */
function paceClock(): {
  begin(seconds: number): void;
  advance(seconds: number): void;
  done(): number;
  left(): string;
} {
  let planned = 0;
  let finished = 0;
  let began = 0;
  return {
    begin(seconds) {
      planned = seconds;
      began = performance.now();
    },
    advance(seconds) {
      finished += seconds;
    },
    done: () => finished,
    left() {
      const spent = (performance.now() - began) / 1000;
      const pace = finished > 10 ? spent / finished : 1;
      const seconds = Math.max(0, Math.round((planned - finished) * pace));
      return seconds < 90 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;
    },
  };
}
