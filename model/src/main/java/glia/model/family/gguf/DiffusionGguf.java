package glia.model.family.gguf;

import glia.io.Checkpoint;
import glia.io.CheckpointException;
import glia.io.gguf.GgufMetadata;
import glia.model.layout.GgufForm;
import glia.model.layout.Source;
import glia.model.spec.Diffusion;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameter;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// The GGUF form of masked text diffusion: that of a decoder, without a causal mask, and with the token that masks.
public record DiffusionGguf(GgufForm body) implements GgufForm {
    /// LLaDA, whose config has the keys of OLMo's first code.
    public static final DiffusionGguf LLADA = new DiffusionGguf(new ExpertGguf(new StandardGguf("llada", "llada",
            StandardGguf.Rotation.INTERLEAVED), ExpertGguf.FFN_NORM, List.of(), (keys, checkpoint) -> keys
                    .rename("hidden_size", "d_model").rename("num_attention_heads", "n_heads")
                    .rename("num_key_value_heads", "n_kv_heads").rename("num_hidden_layers", "n_layers")
                    .rename("intermediate_size", "mlp_hidden_size")
                    .rename("max_position_embeddings", "max_sequence_length")
                    .rename("tie_word_embeddings", "weight_tying")
                    .put("include_qkv_bias", StandardGguf.hasQueryBias(checkpoint)).put("rope", true)
                    .put("include_bias", false).put("layer_norm_with_affine", true).put("block_type", "llama")
                    .put("layer_norm_type", "rms").put("activation_type", "silu")));

    private static final String MASK = "tokenizer.ggml.mask_token_id";

    @Override
    public String architecture() {
        return body.architecture();
    }

    @Override
    public Map<String, Object> config(GgufMetadata metadata, Checkpoint checkpoint) throws CheckpointException {
        Map<String, Object> config = new HashMap<>(body.config(metadata, checkpoint));
        if (metadata.has(MASK)) {
            config.put("mask_token_id", metadata.integer(MASK));
        }
        return config;
    }

    @Override
    public Optional<Map<String, Object>> metadata(ModelSpec spec) {
        return body.metadata(spec).map(keys -> {
            Map<String, Object> all = new LinkedHashMap<>(keys);
            all.put(architecture() + ".attention.causal", false);
            if (spec.diffusion().orElseThrow() instanceof Diffusion.Masked masked) {
                all.put(MASK, masked.maskToken());
            }
            return all;
        });
    }

    @Override
    public Map<String, float[]> further(ModelSpec spec) {
        return body.further(spec);
    }

    @Override
    public ModelSpec stored(ModelSpec spec, Checkpoint checkpoint) throws CheckpointException {
        return body.stored(spec, checkpoint);
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        return body.source(spec, p);
    }
}
