package glia.model.family;

import glia.io.Checkpoint;
import glia.io.CheckpointException;

/// The config of Granite 4 and of Bamba from GGUF metadata.
final class GraniteGguf {
    private GraniteGguf() { }

    static void config(GgufKeys keys, Checkpoint checkpoint) throws CheckpointException {
        StateSpaceGguf.dual(StateSpaceGguf.attention(keys, checkpoint), checkpoint).ropeScaling();
        boolean rotates = keys.has("rope.scaling.finetuned") && keys.flag("rope.scaling.finetuned");
        long headSize = (long) keys.config().get("head_dim");
        if (rotates) {
            keys.put("position_embedding_type", "rope");
            if (keys.has("rope.dimension_count")) {
                keys.put("partial_rotary_factor",
                        Math.nextUp((double) keys.integer("rope.dimension_count") / headSize));
            }
        }
        long numExperts = keys.has("expert_count") ? keys.integer("expert_count") : 0;
        keys.put("num_local_experts", numExperts).optional("expert_used_count", "num_experts_per_tok")
                .integer("feed_forward_length", "intermediate_size")
                .integer(numExperts > 0 ? "expert_shared_feed_forward_length" : "feed_forward_length",
                        "shared_intermediate_size")
                .put("mamba_expand", keys.quotient("ssm.inner_size", "embedding_length"))
                .put("layer_types", StateSpaceGguf.kinds(keys, checkpoint))
                .put("attention_multiplier", 1 / Math.sqrt(headSize)).real("attention.scale", "attention_multiplier")
                .real("embedding_scale", "embedding_multiplier").real("residual_scale", "residual_multiplier")
                .real("logit_scale", "logits_scaling");
    }
}
