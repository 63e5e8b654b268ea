package glia.model.voice;

import glia.io.Checkpoint;
import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.voice.VoiceTransformer.Form;
import glia.tensor.Tensor;
import glia.tensor.autograd.Gradients;
import glia.tensor.kernel.Activation;
import glia.tensor.ops.Ops;
import glia.tensor.ops.Weight;
import glia.tensor.ops.row.Sums.Sum;
import glia.tensor.ops.row.UnfoldedRows.Taps;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/// Mimi (https://arxiv.org/abs/2410.00037), a codec of sound: convolutions and a transformer make frames, quantizers
/// codes of them, and the mirror image samples. The tokenizer of Pocket TTS is the same with continuous frames.
public final class SoundCodec implements AutoCloseable {
    /// The `model_type` with codes.
    public static final String MIMI = "mimi";
    /// The `model_type` with continuous frames.
    public static final String CONTINUOUS = "pocket_tts_audio_tokenizer";

    private final VoiceTensors tensors;
    private final int sampleRate;
    private final int hop;
    private final Seanet encoder;
    private final VoiceTransformer encoding;
    private final TimeConvolution down;
    private final int stride;
    private final TimeConvolution up;
    private final VoiceTransformer decoding;
    private final Seanet decoder;
    /// Books of meaning and of sound; empty for continuous frames.
    private final List<ResidualQuantizer> quantizers;
    private final Optional<Weight> latentMap;

    /// @param checkpoint which the codec closes
    /// @throws CheckpointException if the config is not supported, or tensors do not fit it
    public SoundCodec(Config config, Path path, Checkpoint checkpoint) throws CheckpointException {
        this(config, new VoiceTensors(path, checkpoint), "");
        tensors.requireRead(IntStream.range(0, quantizers.stream().mapToInt(ResidualQuantizer::numBooks).sum())
                .boxed().flatMap(i -> List.of("quantizer.semantic_residual_vector_quantizer.layers.",
                        "quantizer.acoustic_residual_vector_quantizer.layers.").stream()
                        .map(name -> name + i + ".codebook.initialized")).toList());
    }

    /// @param prefix of the names of its tensors
    SoundCodec(Config config, VoiceTensors tensors, String prefix) throws CheckpointException {
        this.tensors = tensors;
        boolean isContinuous = config.text("model_type", MIMI).equals(CONTINUOUS);
        if (!config.flag("use_causal_conv", true)) {
            throw config.error("use_causal_conv", "is false; expected true");
        }
        if (!config.text("pad_mode", "constant").equals("constant")) {
            throw config.error("pad_mode", "is " + config.found("pad_mode") + ", expected constant");
        }
        if (config.positive("audio_channels", 1) != 1) {
            throw config.error("audio_channels", "is " + config.found("audio_channels") + ", expected 1");
        }
        int hidden = config.positive("hidden_size", 512);
        sampleRate = config.positive("sampling_rate", 24000);
        int samples = IntStream.of(Seanet.ratios(config)).reduce(1, Math::multiplyExact);
        stride = isContinuous ? config.positive("latent_stride", 16) : strideOf(config, samples);
        hop = samples * stride;
        Activation activation = isContinuous ? activation(config, "gelu_pytorch_tanh") : activation(config, "gelu");
        String in = prefix + (isContinuous ? "encoder." : "");
        String out = prefix + (isContinuous ? "decoder." : "");
        encoder = Seanet.encoder(config, tensors, prefix + (isContinuous ? "encoder.encoder_seanet.layers."
                : "encoder.layers."));
        encoding = new VoiceTransformer(config, tensors, in + "encoder_transformer.", Form.CODEC, activation);
        int latent = isContinuous ? config.positive("latent_dim", 32) : hidden;
        down = TimeConvolution.of(tensors, in + "downsample.conv", hidden, latent, 1,
                new Taps(2 * stride, stride, 1, 0, 0));
        latentMap = isContinuous ? Optional.of(tensors.weight(prefix + "latent_proj.weight", hidden, latent, 1))
                : Optional.empty();
        up = Seanet.transposed(config, tensors, out + "upsample.conv", hidden, hidden, stride,
                config.positive("upsample_groups", hidden));
        decoding = new VoiceTransformer(config, tensors, out + "decoder_transformer.", Form.CODEC, activation);
        decoder = Seanet.decoder(config, tensors, prefix + (isContinuous ? "decoder.decoder_seanet.layers."
                : "decoder.layers."));
        quantizers = isContinuous ? List.of() : quantizers(config, tensors, prefix + "quantizer.", hidden);
    }

    private static List<ResidualQuantizer> quantizers(Config config, VoiceTensors tensors, String prefix, int hidden)
            throws CheckpointException {
        int all = config.positive("num_quantizers", 32);
        int semantic = config.positive("num_semantic_quantizers", 1);
        int size = config.positive("codebook_dim", 256);
        int count = config.positive("codebook_size", 2048);
        if (semantic >= all) {
            throw config.error("num_semantic_quantizers", "is " + semantic + ", expected less than num_quantizers, "
                    + all);
        }
        return List.of(new ResidualQuantizer(tensors, prefix + "semantic_residual_vector_quantizer.", semantic, hidden,
                size, count), new ResidualQuantizer(tensors, prefix + "acoustic_residual_vector_quantizer.",
                all - semantic, hidden, size, count));
    }

    /// Frames of the convolutions in a frame of codes: `⌈rate / Π ratios⌉ / frame_rate`.
    private static int strideOf(Config config, int samples) throws CheckpointException {
        String key = config.has("frame_rate") && !config.isNull("frame_rate") ? "frame_rate" : "_frame_rate";
        if (!config.has(key) || config.isNull(key)) {
            return 2;
        }
        int stride = (int) (Math.ceil((double) config.positive("sampling_rate", 24000) / samples) / config.real(key));
        if (stride < 1) {
            throw config.error(key, "is " + config.real(key) + ", more than the convolutions make");
        }
        return stride;
    }

    static Activation activation(Config config, String usual) throws CheckpointException {
        String name = config.text("hidden_act", usual);
        return switch (name) {
            case "gelu" -> Activation.GELU;
            case "gelu_new", "gelu_pytorch_tanh" -> Activation.GELU_TANH;
            case "relu" -> Activation.RELU;
            case "silu", "swish" -> Activation.SILU;
            default -> throw config.error("hidden_act", "is " + name + ", expected gelu, gelu_new, relu or silu");
        };
    }

    /// Samples per second.
    public int sampleRate() {
        return sampleRate;
    }

    /// Samples of a frame.
    public int hop() {
        return hop;
    }

    /// The number of codes of a frame; 0 for continuous frames.
    public int numCodes() {
        return quantizers.stream().mapToInt(ResidualQuantizer::numBooks).sum();
    }

    /// The frames of samples, before they are quantized: `[S, 1]` to `[⌈S / hop⌉, H]`.
    ///
    /// @param seen receives results of the stages: convolutions
    public Tensor latents(Ops ops, Tensor samples, Consumer<Tensor> seen) {
        Tensor x = encoder.of(ops, samples);
        seen.accept(x);
        x = encoding.of(ops, x, 1);
        // The ends repeat the first and the last row.
        int before = stride;
        int last = x.rows() - 1;
        int[] rows = IntStream.range(-before, Math.ceilDiv(x.rows(), stride) * stride).map(i -> Math.clamp(i, 0, last))
                .toArray();
        return down.of(ops, ops.select(x, rows, rows.length));
    }

    /// The codes of frames, book by book.
    public int[][] encode(Ops ops, Tensor latents) {
        int[][] first = quantizers.getFirst().encode(ops, latents);
        int[][] second = quantizers.getLast().encode(ops, latents);
        int[][] all = new int[first.length + second.length][];
        System.arraycopy(first, 0, all, 0, first.length);
        System.arraycopy(second, 0, all, first.length, second.length);
        return all;
    }

    /// The frames of codes, of as many books as there are.
    ///
    /// @throws IllegalArgumentException if a book has no such code, or there are more books than the codec has
    public Tensor frames(Ops ops, int[][] codes) {
        int semantic = quantizers.getFirst().numBooks();
        if (codes.length < 1 || codes.length > numCodes()) {
            throw new IllegalArgumentException(codes.length + " codes for a frame, expected 1 to " + numCodes());
        }
        Tensor x = quantizers.getFirst().decode(ops, codes, 0, Math.min(semantic, codes.length));
        return codes.length <= semantic ? x : ops.apply(new Sum(x, 1, quantizers.getLast().decode(ops, codes, semantic,
                codes.length), 1));
    }

    /// The samples of frames, `[T, H]` to `[T·hop, 1]`.
    ///
    /// @param frames of [#frames], or continuous ones
    /// @param seen receives results of the stages: upsampled frames, the transformer's
    public Tensor samples(Ops ops, Tensor frames, Consumer<Tensor> seen) {
        Tensor x = up.of(ops, latentMap.isPresent() ? ops.linear(frames, latentMap.get()) : frames);
        seen.accept(x);
        x = decoding.of(ops, x, 1);
        seen.accept(x);
        return decoder.of(ops, x);
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
