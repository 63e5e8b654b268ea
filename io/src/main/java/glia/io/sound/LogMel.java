package glia.io.sound;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.kernel.Workers;
import glia.tensor.ops.Ranges;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/// Log-mel spectrograms of Whisper (https://arxiv.org/abs/2212.04356), computed as a sound arrives. Frame t has the
/// samples around `t · hop` under a periodic Hann window, reflected at the start; after the end there is silence. A
/// value is `(max(x, largest - 8) + 4) / 4` with `x = log10(max(mel energy, 1e-10))`.
public final class LogMel {
    private static final double FLOOR = 1e-10;
    private static final float RANGE = 8;

    /// The numbers of `preprocessor_config.json`.
    ///
    /// @param rate samples a second
    /// @param numMels values of a frame
    /// @param size samples of a frame
    /// @param hop samples from one frame to the next
    /// @param seconds of a window of the model
    public record Options(int rate, int numMels, int size, int hop, int seconds) {
        /// @throws CheckpointException if a number is none or impossible
        public static Options read(Config config) throws CheckpointException {
            int size = config.positive("n_fft", 400);
            if (size % 2 != 0) {
                throw config.error("n_fft", "found " + size + ", expected an even number");
            }
            return new Options(config.positive("sampling_rate", 16_000), config.positive("feature_size", 80), size,
                    config.positive("hop_length", 160), config.positive("chunk_length", 30));
        }

        /// The frames of a window.
        public int windowFrames() {
            return seconds * rate / hop;
        }
    }

    private final Options options;
    private final Workers workers;
    private final FourierTransform transform;
    private final MelFilters filters;
    private final double[] window;
    /// Samples from `firstSample` on.
    private float[] samples = new float[1 << 16];
    private int count;
    private long firstSample;
    private boolean isEnded;
    /// Logarithms of frames from `firstFrame` on, before they are scaled.
    private float[] frames = {};
    private int numFrames;
    private int firstFrame;
    private float largest = Float.NEGATIVE_INFINITY;

    public LogMel(Options options, Workers workers) {
        this.options = options;
        this.workers = workers;
        transform = new FourierTransform(options.size);
        filters = new MelFilters(MelFilters.Scale.SLANEY, options.numMels, transform.numBins(), options.rate,
                options.rate / 2.0);
        window = new double[options.size];
        for (int i = 0; i < window.length; i++) {
            window[i] = 0.5 - 0.5 * Math.cos(2 * Math.PI * i / options.size);
        }
    }

    public Options options() {
        return options;
    }

    public MelFilters filters() {
        return filters;
    }

    /// Adds samples at the rate of the options.
    public void add(float... more) {
        if (count + more.length > samples.length) {
            samples = Arrays.copyOf(samples, Math.max(2 * samples.length, count + more.length));
        }
        System.arraycopy(more, 0, samples, count, more.length);
        count += more.length;
        if (count > 1 << 20) {
            compute(Integer.MAX_VALUE);
        }
    }

    /// Ends the sound.
    public void end() {
        isEnded = true;
    }

    /// The number of samples so far.
    public long numSamples() {
        return firstSample + count;
    }

    /// The number of frames whose middle is in the sound so far.
    public int numFrames() {
        return Math.toIntExact(numSamples() / options.hop);
    }

    /// Whether the sound goes on after these frames, or may.
    public boolean reaches(int frame) {
        return (long) frame * options.hop + options.size / 2 <= numSamples();
    }

    /// Drops frames before one, which are not needed again, so that a stream takes little memory.
    public void dropBefore(int frame) {
        compute(frame);
        int dropped = Math.clamp(frame - firstFrame, 0, numFrames);
        int width = options.numMels;
        System.arraycopy(frames, dropped * width, frames, 0, (numFrames - dropped) * width);
        numFrames -= dropped;
        firstFrame += dropped;
    }

    /// Some frames, `[count, numMels]`: scaled by the largest value of all frames up to the last of them and of those
    /// of the whole sound so far.
    public Tensor frames(int from, int number) {
        compute(from + number);
        if (isEnded) {
            compute(numFrames());
        }
        int width = options.numMels;
        Tensor out = Tensor.allocate(Arena.ofAuto(), DType.F32, number, width);
        // Silence after the sound.
        float least = (float) Math.log10(FLOOR);
        float top = numFrames + firstFrame < from + number ? Math.max(largest, least) : largest;
        for (int t = 0; t < number; t++) {
            int at = from + t - firstFrame;
            for (int m = 0; m < width; m++) {
                float x = at < numFrames ? frames[at * width + m] : least;
                out.memory().setAtIndex(ValueLayout.JAVA_FLOAT, (long) t * width + m,
                        (Math.max(x, top - RANGE) + 4) / 4);
            }
        }
        return out;
    }

    /// Computes the frames before one that have samples.
    private void compute(int end) {
        int from = firstFrame + numFrames;
        long last = (numSamples() + options.size / 2 - 1) / options.hop;
        int to = (int) Math.min(end, isEnded ? last + 1 : Math.max(0, (numSamples() - options.size / 2) / options.hop));
        if (to <= from) {
            return;
        }
        int width = options.numMels;
        int wanted = (to - firstFrame) * width;
        frames = wanted > frames.length ? Arrays.copyOf(frames, Math.max(wanted, 3 * frames.length / 2)) : frames;
        Ranges.run(workers, to - from, transform.size() * 16, (first, stop) -> {
            FourierTransform.Memory memory = transform.new Memory();
            double[] frame = new double[options.size];
            double[] power = new double[transform.numBins()];
            for (int t = from + first; t < from + stop; t++) {
                long start = (long) t * options.hop - options.size / 2;
                for (int i = 0; i < frame.length; i++) {
                    frame[i] = window[i] * sample(Math.abs(start + i));
                }
                memory.power(frame, power);
                for (int m = 0; m < width; m++) {
                    frames[(t - firstFrame) * width + m] =
                            (float) Math.log10(Math.max(FLOOR, filters.energy(power, m)));
                }
            }
        });
        for (int i = numFrames * width; i < wanted; i++) {
            largest = Math.max(largest, frames[i]);
        }
        numFrames = to - firstFrame;
        long needed = (long) to * options.hop - options.size / 2;
        int dropped = Math.clamp(needed - firstSample, 0, count);
        if (dropped > samples.length / 2) {
            System.arraycopy(samples, dropped, samples, 0, count - dropped);
            count -= dropped;
            firstSample += dropped;
        }
    }

    private float sample(long index) {
        return index >= numSamples() ? 0 : samples[(int) (index - firstSample)];
    }
}
