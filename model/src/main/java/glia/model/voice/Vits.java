package glia.model.voice;

import glia.io.Checkpoint;
import glia.io.CheckpointException;
import glia.io.Config;
import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.autograd.Gradients;
import glia.tensor.autograd.Value;
import glia.tensor.ops.Ops;
import glia.tensor.ops.Weight;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.DoubleSupplier;
import java.util.stream.IntStream;

/// VITS (https://arxiv.org/abs/2106.06103), also of MMS-TTS: a text encoder gives each token a state and a prior of its
/// frames, a predictor gives its number of frames, a normalizing flow and HiFi-GAN make sound of the frames, all at
/// once. Config and tensor names are those of Transformers. Any number of threads may use it.
public final class Vits implements AutoCloseable {
    /// The `model_type` of config.json.
    public static final String TYPE = "vits";
    /// Tensors that only training reads.
    private static final List<String> UNREAD = List.of("posterior_encoder.", "duration_predictor.post_",
            "duration_predictor.flows.1.");

    private final VoiceTensors tensors;
    private final VitsText text;
    private final VitsDurations durations;
    private final VitsSound sound;
    private final Optional<Weight> speakers;
    private final int sampleRate;
    private final double noise;
    private final double durationNoise;
    private final double speakingRate;

    /// @param checkpoint which the model closes
    /// @throws CheckpointException if the config is not supported, or tensors do not fit it
    public Vits(Config config, Path path, Checkpoint checkpoint) throws CheckpointException {
        this(config, new VoiceTensors(path, checkpoint));
    }

    /// A model with random weights: what it says is noise.
    public static Vits fresh(Config config, long seed) throws CheckpointException {
        return new Vits(config, VoiceTensors.fresh(seed, Set.of("decoder.conv_post")));
    }

    private Vits(Config config, VoiceTensors tensors) throws CheckpointException {
        this.tensors = tensors;
        text = new VitsText(config, tensors);
        durations = new VitsDurations(config, tensors);
        sound = new VitsSound(config, tensors);
        int size = config.integer("speaker_embedding_size", 0);
        int count = config.positive("num_speakers", 1);
        speakers = size == 0 || count == 1 ? Optional.empty()
                : Optional.of(tensors.weight("embed_speaker.weight", count, size));
        sampleRate = config.positive("sampling_rate", 16000);
        noise = config.real("noise_scale", 0.667);
        durationNoise = config.real("noise_scale_duration", 0.8);
        speakingRate = config.real("speaking_rate", 1);
        tensors.requireRead(UNREAD);
    }

    /// The tensors of the checkpoint that are read, by name.
    public Map<String, Tensor> tensors() {
        return tensors.read();
    }

    /// Samples per second.
    public int sampleRate() {
        return sampleRate;
    }

    /// Samples of a frame.
    public int hop() {
        return sound.hop();
    }

    /// The number of tokens.
    public int vocabSize() {
        return text.vocabSize();
    }

    /// The number of voices; 1 if there is nothing to choose.
    public int numSpeakers() {
        return speakers.map(Weight::rows).orElse(1);
    }

    /// A text on its way to sound.
    public final class Utterance {
        private final Ops ops;
        private final Optional<Tensor> speaker;
        private final VitsText.Encoding encoding;
        private double[] logDurations;
        private int[] frames;
        private Tensor spectrogram;

        private Utterance(Ops ops, int[] ids, int speaker) {
            this.ops = ops;
            this.speaker = speakers.map(table -> ops.embed(table, new int[] {speaker}, 1));
            this.encoding = text.encode(ops, ids);
        }

        /// A state for each token, `[T, H]`.
        public Tensor states() {
            return encoding.states();
        }

        /// The means of the prior, `[T, C]`.
        public Tensor means() {
            return encoding.means();
        }

        /// The logarithms of its deviations.
        public Tensor logDeviations() {
            return encoding.logDeviations();
        }

        /// Chooses the number of frames of each token: `⌈exp(log duration) / rate⌉`.
        ///
        /// @param gaussian standard normal numbers: channel by channel, T of each of two
        /// @param speed 1 for that of the model
        public int[] chooseFrames(DoubleSupplier gaussian, double speed) {
            float[] numbers = new float[2 * states().rows()];
            for (int i = 0; i < numbers.length; i++) {
                numbers[i] = (float) (gaussian.getAsDouble() * durationNoise);
            }
            logDurations = durations.logDurations(ops, states(), speaker, numbers);
            frames = Arrays.stream(logDurations).mapToInt(log -> (int) Math.clamp(
                    Math.ceil(Math.exp(log) / (speakingRate * speed)), 0, 1 << 16)).toArray();
            if (Arrays.stream(frames).allMatch(n -> n == 0)) {
                frames[0] = 1;
            }
            return frames.clone();
        }

        /// The natural logarithms of the durations that were chosen, in frames.
        public double[] logDurations() {
            return logDurations.clone();
        }

        /// The frames of the decoder, `[F, C]`.
        ///
        /// @param gaussian standard normal numbers, channel by channel, F of each
        public Tensor spectrogram(DoubleSupplier gaussian) {
            int[] rows = IntStream.range(0, frames.length).flatMap(t -> IntStream.range(0, frames[t]).map(i -> t))
                    .toArray();
            Tensor random = Tensor.allocate(Arena.ofAuto(), DType.F32, rows.length, sound.channels());
            for (int c = 0; c < random.cols(); c++) {
                for (int f = 0; f < rows.length; f++) {
                    random.set((long) f * random.cols() + c, (float) (gaussian.getAsDouble() * noise));
                }
            }
            Value deviations = new Value(ops, logDeviations()).rows(rows).exp();
            Value prior = new Value(ops, means()).rows(rows).plus(deviations.times(new Value(ops, random)));
            spectrogram = sound.spectrogram(ops, prior.tensor(), speaker);
            return spectrogram;
        }

        /// The samples of all frames, `[F·hop, 1]`.
        public Tensor waveform() {
            return sound.waveform(ops, spectrogram, speaker);
        }

        /// The samples of the frames `from` to `to`, the same as those of all frames.
        public float[] waveform(int from, int to) {
            int mark = ops.mark();
            int first = Math.max(0, from - sound.context());
            int last = Math.min(spectrogram.rows(), to + sound.context());
            float[] all = sound.waveform(ops, spectrogram.rows(first, last), speaker).toArray();
            ops.release(mark);
            return Arrays.copyOfRange(all, (from - first) * hop(), (to - first) * hop());
        }
    }

    /// Reads a text.
    ///
    /// @param ids of tokens
    /// @param speaker the number of the voice, from 0
    public Utterance read(Ops ops, int[] ids, int speaker) {
        return new Utterance(ops, ids, speaker);
    }

    /// The memory of the weights.
    public long bytes() {
        return tensors.bytes();
    }

    /// The gradients of the tensors of the checkpoint, by name.
    public Map<String, Tensor> gradients(Gradients gradients) {
        return tensors.gradients(gradients);
    }

    @Override
    public void close() {
        tensors.close();
    }
}
