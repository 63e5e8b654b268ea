package glia.model.family.gguf;

import glia.io.Checkpoint;
import glia.io.CheckpointException;
import glia.io.gguf.GgufMetadata;
import glia.model.family.hub.StandardNames;
import glia.model.layout.Source;
import glia.model.spec.KimiDelta;
import glia.model.spec.LatentAttention;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameter;
import glia.model.spec.Rope;
import glia.tensor.kernel.DecayForm;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Kimi Linear and Ling in GGUF files: latent attention, and layers without key-value heads, which have Kimi delta
/// attention.
///
/// @param body the form of latent attention and experts
/// @param form how decay rates are stored
public record KimiGguf(LatentGguf body, DecayForm form) implements WrittenGguf {
    private static final String KV_HEADS = "attention.head_count_kv";
    private static final String CONVOLUTION = "ssm_conv1d_";
    private static final String LOWEST = "kda.gate_lower_bound";
    private static final List<GgufKey> KEYS = GgufKey.join(
            StandardGguf.sizes("num_hidden_layers", "max_position_embeddings", "hidden_size"),
            GgufKey.without(LatentGguf.SIZES, KV_HEADS),
            List.of(GgufKey.count("feed_forward_length", "intermediate_size", GgufFacts::width),
                    GgufKey.real("attention.layer_norm_rms_epsilon", "rms_norm_eps", GgufFacts::epsilon),
                    GgufKey.written(KV_HEADS, facts -> Optional.of(StateSpaceKeys.byLayer(facts.spec(),
                            m -> m instanceof LatentAttention ? 1 : 0))),
                    GgufKey.real("rope.freq_base", "rope_theta", facts -> facts.first(LatentAttention.class)
                            .flatMap(a -> a.rope() instanceof Rope.Rotary r ? Optional.of(r.theta())
                                    : Optional.empty())),
                    GgufKey.optional("ssm.conv_kernel", "linear_conv_kernel_dim",
                            facts -> delta(facts).map(d -> d.convolution().size())),
                    GgufKey.optional("kda.head_dim", "linear_head_dim", facts -> delta(facts).map(KimiDelta::headSize)),
                    GgufKey.flag("kda.safe_gate", "kda_safe_gate", facts -> lowest(facts).map(_ -> true)),
                    GgufKey.real(LOWEST, "kda_lower_bound", KimiGguf::lowest), ExpertGguf.GATING),
            ExpertGguf.KEYS, ExpertGguf.WEIGHTS, ExpertGguf.GROUPS, ExpertGguf.DENSE, ExpertGguf.SHARED);

    private static Optional<KimiDelta> delta(GgufFacts facts) {
        return facts.first(KimiDelta.class);
    }

    private static Optional<Float> lowest(GgufFacts facts) {
        return delta(facts).flatMap(d -> d.decay() instanceof KimiDelta.Decay.Bounded b ? Optional.of(b.lowest())
                : Optional.empty());
    }

    @Override
    public String architecture() {
        return body.architecture();
    }

    @Override
    public List<GgufKey> keys() {
        return KEYS;
    }

    @Override
    public ModelSpec written(ModelSpec spec) {
        return body.written(spec);
    }

    @Override
    public Map<String, Object> config(GgufMetadata metadata, Checkpoint checkpoint) throws CheckpointException {
        GgufKeys keys = ExpertGguf.experts(new GgufKeys(metadata, architecture(), body.modelType()).copy(KEYS));
        long shared = keys.integer("rope.dimension_count");
        return keys.dense(checkpoint).put("linear_num_heads", keys.integer("attention.head_count"))
                .recurrent(checkpoint, CONVOLUTION + "q.weight")
                .put("qk_rope_head_dim", shared)
                .put("qk_nope_head_dim", keys.integer("attention.key_length_mla") - shared)
                .put("v_head_dim", keys.integer("attention.value_length_mla"))
                .put("q_lora_rank", keys.has("attention.q_lora_rank") ? keys.integer("attention.q_lora_rank") : null)
                .put("norm_topk_prob", true)
                .vocabulary(checkpoint).config();
    }

    @Override
    public ModelSpec stored(ModelSpec spec, Checkpoint checkpoint) throws CheckpointException {
        return body.stored(spec, checkpoint).mapMixers(m -> m instanceof KimiDelta d ? d.with(form) : m);
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        if (p.sublayer() < 0 || !(spec.mixer(p.place()) instanceof KimiDelta d)) {
            return body.source(spec, p);
        }
        String layer = "blk." + spec.sublayer(p).layer() + ".";
        boolean low = d.gates() == KimiDelta.Gates.LOW_RANK;
        return switch (p.role()) {
            case BEFORE_WEIGHT -> new Source.Stored(layer + "attn_norm.weight");
            case QUERY -> new Source.Stored(layer + "attn_q.weight");
            case KEY -> new Source.Stored(layer + "attn_k.weight");
            case VALUE -> new Source.Stored(layer + "attn_v.weight");
            case QUERY_CONVOLUTION -> new Source.Stored(layer + CONVOLUTION + "q.weight");
            case KEY_CONVOLUTION -> new Source.Stored(layer + CONVOLUTION + "k.weight");
            case VALUE_CONVOLUTION -> new Source.Stored(layer + CONVOLUTION + "v.weight");
            case STEPS_LATENT -> new Source.Stored(layer + "ssm_f_a.weight");
            case STEPS -> new Source.Stored(layer + (low ? "ssm_f_b.weight" : "ssm_f_a.weight"));
            case STEPS_OFFSET -> new Source.Stored(layer + "ssm_dt.bias");
            case DECAY -> new Source.Shaped(new Source.Stored(layer + "ssm_a"), List.of((long) d.numHeads()),
                    List.of((long) d.numHeads(), 1L));
            case BETA -> new Source.Stored(layer + "ssm_beta.weight");
            case GATE_LATENT -> new Source.Stored(layer + "ssm_g_a.weight");
            case GATE -> new Source.Stored(layer + (low ? "ssm_g_b.weight" : "ssm_g_a.weight"));
            case GATED_NORM -> new Source.Stored(layer + "ssm_norm.weight");
            case OUTPUT -> new Source.Stored(layer + "attn_output.weight");
            default -> throw StandardNames.unknown(p);
        };
    }

    @Override
    public boolean ignores(ModelSpec spec, String tensorName) {
        return body.ignores(spec, tensorName);
    }
}
