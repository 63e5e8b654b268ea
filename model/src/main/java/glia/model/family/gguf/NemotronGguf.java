package glia.model.family.gguf;

import glia.io.Checkpoint;
import glia.io.CheckpointException;
import java.util.List;
import java.util.Optional;

/// The config of Nemotron-H and GGUF metadata.
public final class NemotronGguf {
    public static final List<GgufKey> KEYS = GgufKey.join(StateSpaceKeys.DUAL,
            GgufKey.without(StateSpaceKeys.ATTENTION, "rope.freq_base", "rope.dimension_count"), List.of(
                    GgufKey.written("attention.layer_norm_epsilon", GgufFacts::epsilon),
                    GgufKey.written("feed_forward_length", facts -> Optional.of(StateSpaceKeys.byLayer(facts.spec(),
                            m -> GgufFacts.width(m).orElseGet(() ->
                                    GgufFacts.experts(m).map(e -> e.intermediateSize()).orElse(0))))),
                    StateSpaceKeys.LATENT),
            onlyWithExperts(GgufKey.join(ExpertGguf.KEYS, ExpertGguf.WEIGHTS, ExpertGguf.GROUPS,
                    List.of(ExpertGguf.GATING, GgufKey.written("expert_shared_count", facts -> Optional.of(1)),
                            GgufKey.optional("expert_shared_feed_forward_length",
                                    "moe_shared_expert_intermediate_size", GgufFacts::sharedWidth)))));

    private NemotronGguf() { }

    private static List<GgufKey> onlyWithExperts(List<GgufKey> keys) {
        return keys.stream().map(k -> new GgufKey(k.key(), k.reading(),
                facts -> facts.experts().isPresent() ? k.value().apply(facts) : Optional.empty())).toList();
    }

    public static void more(GgufKeys keys, Checkpoint checkpoint) throws CheckpointException {
        StateSpaceGguf.dual(StateSpaceGguf.attention(keys, checkpoint), checkpoint);
        keys.rename("mamba_d_conv", "conv_kernel").rename("mamba_d_state", "ssm_state_size")
                .rename("mamba_n_groups", "n_groups").rename("mamba_n_heads", "mamba_num_heads")
                .rename("mamba_d_head", "mamba_head_dim").rename("mamba_conv_bias", "use_conv_bias")
                .rename("rms_norm_eps", "layer_norm_epsilon")
                .put("layers_block_type", StateSpaceGguf.kinds(keys, checkpoint))
                .put("mlp_bias", StateSpaceGguf.rows(keys, checkpoint, "ffn_up.bias") > 0)
                .put("intermediate_size", Math.max(1, StateSpaceGguf.rows(keys, checkpoint, "ffn_up.weight")));
    }
}
