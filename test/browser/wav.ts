// A sound made by arithmetic, large enough that a browser does not fetch the whole of it.

const RATE = 44_100;
const HEADER = 44;

/** 16-bit mono PCM: one tone, `seconds` long (88 kB each). RIFF/WAVE. */
export function toneWav(seconds: number): Buffer {
  const samples = seconds * RATE;
  const wav = Buffer.alloc(HEADER + samples * 2);
  wav.write('RIFF', 0, 'latin1');
  wav.writeUInt32LE(wav.length - 8, 4);
  wav.write('WAVEfmt ', 8, 'latin1');
  // Chunk size, format PCM, one channel, rate, bytes/s, bytes and bits of a sample.
  wav.writeUInt32LE(16, 16);
  wav.writeUInt16LE(1, 20);
  wav.writeUInt16LE(1, 22);
  wav.writeUInt32LE(RATE, 24);
  wav.writeUInt32LE(RATE * 2, 28);
  wav.writeUInt16LE(2, 32);
  wav.writeUInt16LE(16, 34);
  wav.write('data', 36, 'latin1');
  wav.writeUInt32LE(samples * 2, 40);
  const period = Int16Array.from(
    { length: 100 },
    (_, i) => 3000 * Math.sin((2 * Math.PI * i) / 100),
  );
  const one = Buffer.from(period.buffer);
  for (let at = HEADER; at < wav.length; at += one.length) one.copy(wav, at);
  return wav;
}
