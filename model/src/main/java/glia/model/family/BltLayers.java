package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.AttentionConfig;
import glia.model.family.config.Numbers;
import glia.model.family.config.RopeConfig;
import glia.model.family.config.Standard;
import glia.model.spec.Attention;
import glia.model.spec.Bias;
import glia.model.spec.BytePatches;
import glia.model.spec.Mixer;
import glia.model.spec.Norm;
import glia.model.spec.NumberRange;
import glia.model.spec.Residual;
import glia.model.spec.Sublayer;
import glia.tensor.kernel.RopeTable.Layout;
import glia.tensor.kernel.Span;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/// The layers of the parts of a byte latent transformer.
final class BltLayers {
    private static final List<Long> PRIMES = List.of(1_000_000_007L, 5_915_587_277L, 1_500_450_271L, 3_267_000_013L,
            5_754_853_343L, 4_093_082_899L, 9_576_890_767L, 3_628_273_133L, 2_860_486_313L, 5_463_458_053L,
            3_367_900_313L);

    private BltLayers() { }

    static BytePatches.Hashes hashes(Config config) throws CheckpointException {
        int[] sizes = config.has("encoder_hash_byte_group_size") ? config.integers("encoder_hash_byte_group_size")
                : new int[] {3, 4, 5, 6, 7, 8};
        int functions = config.positive("encoder_hash_byte_group_nb_functions", 1);
        return new BytePatches.Hashes(IntStream.range(0, functions).mapToObj(i -> PRIMES.get(i % PRIMES.size()))
                .toList(), Arrays.stream(sizes).boxed().toList(),
                config.positive("encoder_hash_byte_group_vocab", 500_002));
    }

    static BytePatches patches(Config config, Config encoder, Config large, Config patcher,
            BytePatches.Reading reading) throws CheckpointException {
        Span window = patcher.isNull("sliding_window") ? new Span.Causal()
                : new Span.Sliding(patcher.positive("sliding_window", 512));
        BytePatches.Patcher small = new BytePatches.Patcher(patcher.positive("vocab_size", 260),
                patcher.positive("hidden_size"), layers(patcher, 0, attention(patcher).with(window)), norm(patcher),
                threshold(config), config.has("max_patch_length") ? config.positive("max_patch_length") : 0);
        return new BytePatches(small, large.positive("hidden_size"),
                layers(large, 0, new BytePatches.OfPatches(attention(large))),
                encoder.flag("cross_attn_all_layers", false) ? encoder.positive("num_hidden_layers") : 1,
                reading(encoder), reading);
    }

    /// The entropy at which a patch ends. In other modes than `entropy` the reference makes a patch of each byte.
    private static float threshold(Config config) throws CheckpointException {
        return config.text("patching_mode", "entropy").equals("entropy") && !config.isNull("patch_size")
                ? (float) Numbers.real(config, "patching_threshold", NumberRange.WEIGHT, 1.335442066192627) : 0;
    }

    static Config part(Config config, String name, int hidden, int heads, int layers, int width)
            throws CheckpointException {
        Config part = config.child(name);
        part = part.has("hidden_size") ? part : part.with("hidden_size", hidden);
        part = part.has("num_attention_heads") ? part : part.with("num_attention_heads", heads);
        part = part.has("num_hidden_layers") ? part : part.with("num_hidden_layers", layers);
        int usual = part.isNull("intermediate_size") || width == 0 ? 8 * part.positive("hidden_size") / 3 : width;
        return part.has("intermediate_size") ? part : part.with("intermediate_size", usual);
    }

    static Norm.Rms norm(Config part) throws CheckpointException {
        return new Norm.Rms(Standard.epsilon(part, "rms_norm_eps", 1e-5), 0);
    }

    private static int headSize(Config part) throws CheckpointException {
        return AttentionConfig.headSize(part.without("head_dim"), 0);
    }

    static Attention attention(Config part) throws CheckpointException {
        return AttentionConfig.causal(part, headSize(part), RopeConfig.read(part, headSize(part), 500_000)
                .with(Layout.INTERLEAVED), Bias.NONE);
    }

    static BytePatches.Reading reading(Config part) throws CheckpointException {
        return new BytePatches.Reading(part.positive("num_attention_heads"), AttentionConfig.numKeyValueHeads(part),
                headSize(part), part.positive("cross_attn_k", 2), norm(part).eps());
    }

    static List<Sublayer> layers(Config part, int first, Mixer attention) throws CheckpointException {
        Mixer mlp = Standard.mlp(part, "intermediate_size", Bias.NONE);
        return Standard.layers(Numbers.layers(part, "num_hidden_layers"), norm(part), Residual.PLAIN,
                layer -> attention, layer -> mlp).stream()
                .map(s -> new Sublayer(first + s.layer(), s.before(), s.mixer())).toList();
    }
}
