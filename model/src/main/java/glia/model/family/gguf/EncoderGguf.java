package glia.model.family.gguf;

import glia.io.Checkpoint;
import glia.io.CheckpointException;
import glia.model.spec.Head;
import glia.model.spec.ModelSpec;
import java.util.List;
import java.util.Optional;

/// Encoders in GGUF files, which have no head: they end with hidden states.
interface EncoderGguf extends WrittenGguf {
    /// The sizes of an encoder that ends with hidden states, with its config's name for the epsilon of norms.
    static List<GgufKey> keys(String epsilon) {
        return GgufKey.join(StandardGguf.sizes("num_hidden_layers", "max_position_embeddings", "hidden_size"), List.of(
                GgufKey.count("feed_forward_length", "intermediate_size", GgufFacts::width),
                StandardGguf.heads("num_attention_heads"),
                GgufKey.real("attention.layer_norm_epsilon", epsilon, GgufFacts::epsilon),
                GgufKey.written("attention.causal", facts -> Optional.of(false))));
    }

    /// What a config says beside the keys.
    ///
    /// @param ofClass the reference's class for a model that ends with hidden states
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
