package glia.model.family.gguf;

import static glia.model.family.gguf.LatentGguf.latent;
import static glia.model.family.gguf.LatentGguf.rope;

import glia.io.Checkpoint;
import glia.io.CheckpointException;
import glia.io.gguf.GgufMetadata;
import glia.model.layout.Source;
import glia.model.spec.LatentAttention;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameter;
import glia.model.spec.RopeScaling;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// MiniCPM3 in GGUF files: latent attention with keys and values in one expansion. Readers know the factors of
/// embeddings, sublayers and logits of the published model.
public record MiniCpm3Gguf() implements WrittenGguf {
    private static final LatentGguf BODY = new LatentGguf("minicpm3", "minicpm3");
    private static final List<GgufKey> KEYS = GgufKey.join(
            StandardGguf.sizes("num_hidden_layers", "max_position_embeddings", "hidden_size"),
            List.of(GgufKey.count("feed_forward_length", "intermediate_size", GgufFacts::width),
                    GgufKey.real("attention.layer_norm_rms_epsilon", "rms_norm_eps", GgufFacts::epsilon),
                    GgufKey.count("attention.head_count", "num_attention_heads", facts -> latent(facts).numHeads()),
                    GgufKey.written("attention.head_count_kv", facts -> Optional.of(latent(facts).numHeads())),
                    GgufKey.optional("attention.q_lora_rank", "q_lora_rank", facts -> latent(facts).queries()
                            instanceof LatentAttention.Queries.LowRank low ? Optional.of(low.rank())
                            : Optional.empty()),
                    GgufKey.count("attention.kv_lora_rank", "kv_lora_rank", facts -> latent(facts).latentSize()),
                    GgufKey.written("attention.key_length", facts -> Optional.of(latent(facts).querySize())),
                    GgufKey.written("attention.value_length", facts -> Optional.of(latent(facts).valueSize())),
                    GgufKey.count("rope.dimension_count", "qk_rope_head_dim", facts -> latent(facts).sharedSize()),
                    GgufKey.real("rope.freq_base", "rope_theta", facts -> Optional.of(rope(facts).theta())),
                    GgufKey.written("rope.scaling.attn_factor", facts -> rope(facts).scaling()
                            instanceof RopeScaling.LongRope r ? Optional.of((float) r.attentionFactor())
                            : Optional.empty())),
            RopeGguf.scaling(facts -> rope(facts).scaling()));

    @Override
    public String architecture() {
        return BODY.architecture();
    }

    @Override
    public List<GgufKey> keys() {
        return KEYS;
    }

    @Override
    public Map<String, float[]> further(ModelSpec spec) {
        return rope(new GgufFacts(spec)).scaling() instanceof RopeScaling.LongRope r ? RopeGguf.tensors(r) : Map.of();
    }

    @Override
    public Map<String, Object> config(GgufMetadata metadata, Checkpoint checkpoint) throws CheckpointException {
        GgufKeys keys = new GgufKeys(metadata, architecture(), BODY.modelType()).copy(KEYS);
        return RopeGguf.scaling(keys, checkpoint)
                .put("qk_nope_head_dim", keys.integer("attention.key_length") - keys.integer("rope.dimension_count"))
                .put("v_head_dim", keys.has("attention.value_length") ? keys.integer("attention.value_length")
                        : keys.quotient("embedding_length", "attention.head_count"))
                .put("scale_emb", 12).put("scale_depth", 1.4).put("dim_model_base", 256)
                .vocabulary(checkpoint).config();
    }

    @Override
    public ModelSpec stored(ModelSpec spec, Checkpoint checkpoint) throws CheckpointException {
        return BODY.stored(spec, checkpoint);
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        return BODY.source(spec, p);
    }
}
