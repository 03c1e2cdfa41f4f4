// A short, soft sound made by the browser itself: two notes, no file. Browsers let a page
// sound only after somebody has pressed something on it; until then play() does nothing.

const NOTES = [[659.26, 0], [880, 0.09]]; // Hz and when, in seconds: a fourth upwards
const LOUDNESS = 0.06;
const SECONDS = 0.28;
const PAUSE_MS = 2000; // one sound for a burst

export class Sound {
  #context = null;
  #playedAt = -Infinity;

  constructor(AudioContext = globalThis.AudioContext, now = () => performance.now()) {
    Object.assign(this, { AudioContext, now });
  }

  // Within a click or a key: later sounds may be played from here on.
  unlock() {
    if (!this.AudioContext) return;
    this.#context ??= new this.AudioContext();
    if (this.#context.state === "suspended") this.#context.resume().catch(() => {});
  }

  // Whether it sounds.
  play() {
    if (this.#context?.state !== "running" || this.now() - this.#playedAt < PAUSE_MS) return false;
    this.#playedAt = this.now();
    for (const [pitch, after] of NOTES) this.#note(pitch, this.#context.currentTime + after);
    return true;
  }

  // Unlocks and plays: what the button in the settings does.
  async sample() {
    if (!this.AudioContext) return false;
    this.#context ??= new this.AudioContext();
    await this.#context.resume();
    this.#playedAt = -Infinity;
    return this.play();
  }

  #note(pitch, start) {
    const tone = this.#context.createOscillator();
    const volume = this.#context.createGain();
    tone.type = "sine";
    tone.frequency.value = pitch;
    volume.gain.setValueAtTime(0, start);
    volume.gain.linearRampToValueAtTime(LOUDNESS, start + 0.015);
    volume.gain.exponentialRampToValueAtTime(0.0001, start + SECONDS);
    tone.connect(volume).connect(this.#context.destination);
    tone.start(start);
    tone.stop(start + SECONDS);
  }
}
