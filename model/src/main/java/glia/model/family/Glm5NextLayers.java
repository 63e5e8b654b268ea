package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.LatentConfig;
import glia.model.family.config.LayerTypes;
import glia.model.family.config.Numbers;
import glia.model.spec.KeyChoice;
import glia.model.spec.KimiDelta;
import glia.model.spec.LatentAttention;
import glia.model.spec.Mixer;
import glia.model.spec.NumberRange;
import glia.tensor.kernel.DecayForm;
import glia.tensor.kernel.RopeTable.Layout;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/// Reads the attention and the recurrence of GLM-5.3-Flash.
final class Glm5NextLayers {
    private static final LatentConfig SIZES = new LatentConfig(1536, 256, 256);

    private Glm5NextLayers() { }

    static Mixer[] attentions(Config config, float eps) throws CheckpointException {
        if (Numbers.count(config, "qk_rope_head_dim", 0) > 0) {
            throw config.error("qk_rope_head_dim", "found " + config.positive("qk_rope_head_dim")
                    + ", expected 0: the attention of this family has no RoPE");
        }
        String[] kinds = LayerTypes.kinds(config, List.of("linear_attention", "indexed_attention", "full_attention"),
                layer -> layer % 4 == 3 ? "indexed_attention" : "linear_attention");
        Mixer delta = delta(config, eps);
        LatentAttention full = Arrays.stream(kinds).allMatch("linear_attention"::equals) ? null
                : SIZES.unrotated(config, pooled(config), 0, eps);
        boolean[] shares = GlmMoeDsa.shares(config);
        Mixer[] mixers = new Mixer[kinds.length];
        for (int i = 0; i < kinds.length; i++) {
            boolean isShared = !kinds[i].equals("linear_attention") && shares[i];
            if (isShared && (i == 0 || mixers[i - 1] != full)) {
                throw config.error("indexer_types", "layer " + i + " is shared, but the layer before it has no "
                        + "indexer");
            }
            mixers[i] = kinds[i].equals("linear_attention") ? delta
                    : isShared ? SIZES.unrotated(config, new KeyChoice.AsBefore(), 0, eps) : full;
        }
        return mixers;
    }

    private static KeyChoice pooled(Config config) throws CheckpointException {
        if (config.isNull("q_lora_rank")) {
            throw config.error("q_lora_rank", "is null, but the indexer works on queries of low rank");
        }
        if (!config.flag("index_kpool_always_select_tail", true)) {
            throw config.error("index_kpool_always_select_tail",
                    "is false, which leaves the first positions nothing to attend to");
        }
        return new KeyChoice.Pooled(new KeyChoice.Indexed(config.positive("index_n_heads", 32),
                config.positive("index_head_dim", 128), config.positive("index_topk", 2048), Layout.HALF_SPLIT),
                config.positive("index_kpool", 16));
    }

    /// Sizes of the recurrence may be in an object of their own.
    private static Mixer delta(Config config, float eps) throws CheckpointException {
        Config own = config.child("linear_attn_config", Map.of());
        boolean isFree = !own.has("gate_lower_bound") && config.isNull("linear_lower_bound")
                && !(config.has("linear_attn_config") && own.flag("safe_gate", true));
        double lowest = own.has("gate_lower_bound") ? Numbers.real(own, "gate_lower_bound", NumberRange.LOG_DECAY)
                : Numbers.real(config, "linear_lower_bound", NumberRange.LOG_DECAY, -5);
        return new KimiDelta(own.positive("num_heads", config.positive("linear_num_heads", 64)),
                own.positive("head_dim", config.positive("linear_head_dim", 128)),
                KimiLinear.convolution(config, own.positive("short_conv_kernel_size",
                        config.positive("linear_conv_kernel_dim", 4))), eps, KimiDelta.Gates.LOW_RANK,
                isFree ? new KimiDelta.Decay.Free(DecayForm.LOGARITHM)
                        : new KimiDelta.Decay.Bounded((float) lowest, DecayForm.LOGARITHM));
    }
}
