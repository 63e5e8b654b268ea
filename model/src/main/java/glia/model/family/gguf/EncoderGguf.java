package glia.model.family.gguf;

import glia.io.Checkpoint;
import glia.io.CheckpointException;
import glia.model.spec.Head;
import glia.model.spec.ModelSpec;
import java.util.List;
import java.util.Optional;

/// The GGUF form of encoders, which have no head.
interface EncoderGguf extends WrittenGguf {
    /// The keys of an encoder, with the config's key of the epsilon.
    static List<GgufKey> keys(String epsilon) {
        return GgufKey.join(StandardGguf.sizes("num_hidden_layers", "max_position_embeddings", "hidden_size"), List.of(
                GgufKey.count("feed_forward_length", "intermediate_size", GgufFacts::width),
                StandardGguf.heads("num_attention_heads"),
                GgufKey.real("attention.layer_norm_epsilon", epsilon, GgufFacts::epsilon),
                GgufKey.written("attention.causal", facts -> Optional.of(false))));
    }

    /// Adds the config values without GGUF keys.
    ///
    /// @param ofClass the reference's class of the model without a head
    static GgufKeys encoder(GgufKeys keys, String ofClass, Checkpoint checkpoint) throws CheckpointException {
        return keys.put("vocab_size", StandardGguf.vocabSize(checkpoint)).put("architectures", List.of(ofClass));
    }

    @Override
    default ModelSpec held(ModelSpec spec) {
        return spec.withHead(Head.ABSENT);
    }

    @Override
    default ModelSpec stored(ModelSpec spec, Checkpoint checkpoint) {
        return spec;
    }
}
