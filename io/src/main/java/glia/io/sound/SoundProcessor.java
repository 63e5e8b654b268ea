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
import java.util.Map;

/// Turns samples into what an encoder of sounds reads, by `preprocessor_config.json`: the log-mel spectrograms of
/// Whisper, Qwen2.5-Omni and Qwen3-Omni, those of Gemma 4 and those of Parakeet.
public final class SoundProcessor {
    private static final String CLASS = "feature_extractor_type";
    private static final String GEMMA = "Gemma4AudioFeatureExtractor";
    private static final String PARAKEET = "ParakeetFeatureExtractor";
    private static final double PARAKEET_FLOOR = 0x1p-24;
    private static final double PARAKEET_EPS = 1e-5;
    private static final int MULTIPLE = 128;

    /// How long spectrograms are, and how many embeddings become of them.
    private enum Kind {
        /// The whole window; two frames are a position.
        WHISPER,
        /// The frames of the sound, scaled with the silence after it up to 300 s.
        QWEN2_5,
        /// The frames of the sound alone, whose end is reflected.
        QWEN3,
        /// Magnitudes on the HTK scale, frames without a middle.
        GEMMA,
        /// Each frequency with mean 0 and variance 1, of samples minus most of the one before.
        PARAKEET
    }

    private final Kind kind;
    private final boolean isPadded;
    private final Config config;
    private final Workers workers;
    private final LogMel.Options options;

    /// The features of a sound.
    ///
    /// @param frames all of them, `[count, numMels]`
    /// @param numValid how many of them, from the first on, are of the sound
    /// @param numTokens the embeddings that stand for it in a prompt, or the positions of the encoder
    public record Features(Tensor frames, int numValid, int numTokens) { }

    private SoundProcessor(Kind kind, boolean isPadded, Config config, Workers workers) throws CheckpointException {
        this.kind = kind;
        this.isPadded = isPadded;
        this.config = config;
        this.workers = workers;
        options = kind == Kind.GEMMA || kind == Kind.PARAKEET ? null : LogMel.Options.read(config);
    }

    /// Reads the numbers of a processor.
    ///
    /// @param config of `preprocessor_config.json`, with the options of a call such as `padding`
    /// @throws CheckpointException if it is of no known class, or has settings that are not supported
    public static SoundProcessor read(Config config, Workers workers) throws CheckpointException {
        String name = config.text(CLASS, "");
        if (name.equals(GEMMA)) {
            for (Map.Entry<String, Double> usual : Map.of("preemphasis", 0.0, "dither", 0.0, "input_scale_factor", 1.0)
                    .entrySet()) {
                if (config.real(usual.getKey(), usual.getValue()) != usual.getValue()) {
                    throw config.error(usual.getKey(), "found " + config.real(usual.getKey(), 0)
                            + ", supported is " + usual.getValue());
                }
            }
            if (config.has("per_bin_mean") || config.has("per_bin_stddev")) {
                throw config.error("per_bin_mean", "frequencies with a mean or a deviation of their own are not "
                        + "supported");
            }
            return new SoundProcessor(Kind.GEMMA, false, config, workers);
        }
        if (name.equals(PARAKEET)) {
            return parakeet(config, workers);
        } else if (!name.equals("WhisperFeatureExtractor")) {
            throw config.error(CLASS, "found '" + name + "', supported are WhisperFeatureExtractor, " + GEMMA + " and "
                    + PARAKEET);
        }
        String whole = config.text("processor_class", "");
        Kind kind = whole.startsWith("Qwen2_5Omni") ? Kind.QWEN2_5 : whole.startsWith("Qwen3Omni") ? Kind.QWEN3
                : Kind.WHISPER;
        String padding = config.text("padding", kind == Kind.QWEN3 ? "longest" : "max_length");
        return new SoundProcessor(kind, padding.equals("max_length"), config, workers);
    }

    /// That of Parakeet, whose settings may be absent.
    public static SoundProcessor parakeet(Config config, Workers workers) throws CheckpointException {
        return new SoundProcessor(Kind.PARAKEET, false, config, workers);
    }

    /// Samples a second that the model reads.
    public int rate() throws CheckpointException {
        return config.positive("sampling_rate", 16_000);
    }

    /// The features of a sound.
    ///
    /// @param samples at the rate of the model
    /// @param longest the number of samples of the longest sound of its batch, to which it is padded
    public Features prepare(float[] samples, int longest) throws CheckpointException {
        if (samples.length < 1 || longest < samples.length) {
            throw new IllegalArgumentException("a sound of " + samples.length + " samples in a batch of at most "
                    + longest);
        }
        return switch (kind) {
            case GEMMA -> gemma(samples, longest);
            case PARAKEET -> parakeet(samples, longest);
            case WHISPER, QWEN2_5, QWEN3 -> whisper(samples, longest);
        };
    }

    private Features whisper(float[] samples, int longest) {
        LogMel mel = new LogMel(options, workers);
        int hop = options.hop();
        if (isPadded) {
            int most = options.windowFrames() * hop;
            int count = Math.min(samples.length, most);
            mel.add(Arrays.copyOf(samples, count));
            mel.end();
            int valid = Math.ceilDiv(count, hop);
            return new Features(mel.frames(0, options.windowFrames()), valid,
                    tokens(kind == Kind.WHISPER ? options.windowFrames() : valid));
        }
        int frames = longest / hop;
        float[] padded = Arrays.copyOf(samples, longest + options.size() / 2);
        for (int i = 0; i < options.size() / 2; i++) {
            padded[longest + i] = padded[Math.max(0, longest - 2 - i)];
        }
        mel.add(padded);
        int valid = Math.min(frames, Math.ceilDiv(samples.length, hop));
        return new Features(mel.frames(0, frames), valid, tokens(valid));
    }

    private int tokens(int frames) {
        int half = halved(frames);
        return switch (kind) {
            case WHISPER -> half;
            case QWEN2_5 -> (half - 2) / 2 + 1;
            // Each 100 frames are 13 positions, and the rest is halved three times.
            case QWEN3 -> frames / 100 * 13 + halved(halved(halved(frames % 100)));
            case GEMMA -> halved(half);
            case PARAKEET -> halved(halved(half));
        };
    }

    private static int halved(int count) {
        return (count + 1) / 2;
    }

    /// `log(Σ filter · |FFT| + floor)` of frames that begin half a frame before the sound; 0 where a frame, and one
    /// sample after it, reaches beyond the sound.
    private Features gemma(float[] samples, int longest) throws CheckpointException {
        int rate = rate();
        int size = (int) Math.round(rate * config.real("frame_length_ms", 20) / 1000);
        int hop = (int) Math.round(rate * config.real("hop_length_ms", 10) / 1000);
        int width = Math.max(2, Integer.highestOneBit(size - 1) << (config.flag("fft_overdrive", false) ? 2 : 1));
        FourierTransform transform = new FourierTransform(width);
        MelFilters filters = new MelFilters(MelFilters.Scale.HTK, config.positive("feature_size", 128),
                transform.numBins(), rate, config.real("max_frequency", rate / 2.0));
        if (config.real("min_frequency", 0) != 0) {
            throw config.error("min_frequency", "found " + config.real("min_frequency", 0) + ", supported is 0");
        }
        double floor = config.real("mel_floor", 1e-3);
        int padded = Math.ceilDiv(longest, MULTIPLE) * MULTIPLE + size / 2;
        int count = Math.max(0, (padded - size - 1) / hop + 1);
        int valid = Math.clamp((samples.length - 1 - size + size / 2) / hop + 1, 0, count);
        Tensor out = Tensor.allocate(Arena.ofAuto(), DType.F32, Math.max(1, count), filters.count());
        FourierTransform.Memory memory = transform.new Memory();
        double[] frame = new double[width];
        double[] spectrum = new double[transform.numBins()];
        for (int t = 0; t < valid; t++) {
            for (int i = 0; i < size; i++) {
                int at = t * hop + i - size / 2;
                frame[i] = at < 0 || at >= samples.length ? 0
                        : samples[at] * (0.5 - 0.5 * Math.cos(2 * Math.PI * i / size));
            }
            memory.power(frame, spectrum);
            for (int k = 0; k < spectrum.length; k++) {
                spectrum[k] = Math.sqrt(spectrum[k]);
            }
            for (int m = 0; m < filters.count(); m++) {
                out.set((long) t * filters.count() + m, (float) Math.log(filters.energy(spectrum, m) + floor));
            }
        }
        return new Features(out, valid, tokens(valid));
    }

    /// `log(Σ filter · |FFT|² + 2^-24)` of frames around `t · hop`, then `(x - mean) / (deviation + 1e-5)` of each
    /// frequency over the frames of the sound. Silence is around the sound; frames after it are 0.
    private Features parakeet(float[] samples, int longest) throws CheckpointException {
        int size = config.positive("win_length", 400);
        int hop = hop();
        FourierTransform transform = new FourierTransform(config.positive("n_fft", 512));
        if (size < 2 || size > transform.size()) {
            throw config.error("win_length", "found " + size + ", expected 2 to n_fft, " + transform.size());
        }
        double less = config.real("preemphasis", 0.97);
        MelFilters filters = new MelFilters(MelFilters.Scale.SLANEY, config.positive("feature_size", 80),
                transform.numBins(), rate(), rate() / 2.0);
        int valid = samples.length / hop;
        int width = filters.count();
        Tensor out = Tensor.allocate(Arena.ofAuto(), DType.F32, longest / hop + 1, width);
        double[] hann = new double[size];
        Arrays.setAll(hann, i -> 0.5 - 0.5 * Math.cos(2 * Math.PI * i / (size - 1)));
        Ranges.run(workers, valid, transform.size() * 16, (first, end) -> {
            FourierTransform.Memory memory = transform.new Memory();
            double[] frame = new double[transform.size()];
            double[] power = new double[transform.numBins()];
            for (int t = first; t < end; t++) {
                for (int i = 0; i < size; i++) {
                    int at = t * hop + i - transform.size() / 2 + (transform.size() - size) / 2;
                    double before = at < 1 || at >= samples.length ? 0 : samples[at - 1];
                    frame[i] = at < 0 || at >= samples.length ? 0 : (samples[at] - less * before) * hann[i];
                }
                memory.power(frame, power);
                for (int m = 0; m < width; m++) {
                    out.memory().setAtIndex(ValueLayout.JAVA_FLOAT, (long) t * width + m,
                            (float) Math.log(filters.energy(power, m) + PARAKEET_FLOOR));
                }
            }
        });
        for (int m = 0; m < width; m++) {
            double mean = 0;
            double square = 0;
            for (int t = 0; t < valid; t++) {
                mean += (double) out.get((long) t * width + m) / valid;
            }
            for (int t = 0; t < valid; t++) {
                square += Math.pow(out.get((long) t * width + m) - mean, 2);
            }
            double deviation = Math.sqrt(square / Math.max(1, valid - 1)) + PARAKEET_EPS;
            for (int t = 0; t < valid; t++) {
                out.set((long) t * width + m, (float) ((out.get((long) t * width + m) - mean) / deviation));
            }
        }
        return new Features(out, valid, tokens(valid));
    }

    /// Samples from one frame of Whisper or Parakeet to the next.
    public int hop() throws CheckpointException {
        return config.positive("hop_length", 160);
    }
}
