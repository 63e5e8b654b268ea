package glia.model.family.gguf;

import glia.io.Checkpoint;
import glia.io.CheckpointException;
import glia.model.spec.Head;
import glia.model.spec.Residual;
import java.util.List;
import java.util.Optional;

/// The config of Granite 4 and of Bamba and GGUF metadata. Factors of 1 and the usual scale of scores are not written.
public final class GraniteGguf {
    private static final String LOGITS = "logit_scale";

    /// Fixed factors of scores, embeddings, residuals and logits.
    public static final List<GgufKey> FACTORS = List.of(
            GgufKey.real("attention.scale", "attention_multiplier", facts -> facts.attention().flatMap(a ->
                    unless(a.scale(), 1 / Math.sqrt(a.headSize())))),
            GgufKey.real("embedding_scale", "embedding_multiplier",
                    facts -> unless(facts.spec().embedding().scale(), 1)),
            GgufKey.real("residual_scale", "residual_multiplier", facts ->
                    facts.spec().sublayers().getFirst().residual() instanceof Residual.Add add
                            ? unless(add.scale(), 1) : Optional.empty()),
            GgufKey.real(LOGITS, "logits_scaling", facts ->
                    facts.spec().head().logits() instanceof Head.Logits.Scaled s ? unless(1.0 / s.factor(), 1)
                            : Optional.empty()));
    /// The same for models without recurrent layers, whose readers require a factor of logits.
    public static final List<GgufKey> PLAIN = GgufKey.join(GgufKey.without(FACTORS, LOGITS), List.of(
            GgufKey.real(LOGITS, "logits_scaling", facts -> Optional.of(
                    facts.spec().head().logits() instanceof Head.Logits.Scaled s ? 1.0 / s.factor() : 1.0))));
    public static final List<GgufKey> KEYS = GgufKey.join(StateSpaceKeys.DUAL, StateSpaceKeys.ATTENTION, List.of(
            GgufKey.written("rope.scaling.finetuned", facts -> Optional.of(facts.rotary().isPresent())),
            StateSpaceKeys.WIDTH, GgufKey.written("expert_shared_feed_forward_length", GgufFacts::sharedWidth)),
            FACTORS, ExpertGguf.KEYS);

    private GraniteGguf() { }

    private static Optional<Double> unless(double value, double usual) {
        return (float) value == (float) usual ? Optional.empty() : Optional.of(value);
    }

    public static void more(GgufKeys keys, Checkpoint checkpoint) throws CheckpointException {
        StateSpaceGguf.dual(StateSpaceGguf.attention(keys, checkpoint), checkpoint).ropeScaling();
        boolean rotates = keys.has("rope.scaling.finetuned") && keys.flag("rope.scaling.finetuned");
        long headSize = (long) keys.config().get("head_dim");
        if (rotates) {
            keys.put("position_embedding_type", "rope");
            if (keys.has("rope.dimension_count")) {
                keys.rotatedPart(keys.integer("rope.dimension_count"), headSize);
            }
        }
        long numExperts = keys.has("expert_count") ? keys.integer("expert_count") : 0;
        keys.put("num_local_experts", numExperts)
                .integer(numExperts > 0 ? "expert_shared_feed_forward_length" : "feed_forward_length",
                        "shared_intermediate_size")
                .put("mamba_expand", keys.quotient("ssm.inner_size", "embedding_length"))
                .put("layer_types", StateSpaceGguf.kinds(keys, checkpoint));
        keys.config().putIfAbsent("attention_multiplier", 1 / Math.sqrt(headSize));
    }

    /// The factors of a model without recurrent layers.
    public static void factors(GgufKeys keys) throws CheckpointException {
        keys.copy(PLAIN).rename("moe_intermediate_size", "intermediate_size");
        keys.config().putIfAbsent("attention_multiplier", 1 / Math.sqrt((long) keys.config().get("head_dim")));
    }
}
