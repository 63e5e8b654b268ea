package glia.model.family;

import glia.io.Checkpoint;
import glia.io.CheckpointException;
import glia.io.gguf.GgufMetadata;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameter;
import java.util.Map;

/// GGUF files in which queries, keys and values are fused, one after the other, and matrices are `[outputs, inputs]`.
///
/// @param keys what the metadata says, in the family's own words
record FusedGguf(String architecture, String modelType, Keys keys) implements GgufForm {
    /// Copies the family's keys.
    @FunctionalInterface
    interface Keys {
        GgufKeys copy(GgufKeys keys, Checkpoint checkpoint) throws CheckpointException;
    }

    private StandardGguf body() {
        return new StandardGguf(architecture, modelType, StandardGguf.Rotation.HALF_SPLIT);
    }

    @Override
    public Map<String, Object> config(GgufMetadata metadata, Checkpoint checkpoint) throws CheckpointException {
        return keys.copy(new GgufKeys(metadata, architecture, modelType), checkpoint)
                .put("vocab_size", StandardGguf.vocabSize(checkpoint))
                .put("tie_word_embeddings", !checkpoint.names().contains("output.weight"))
                .config();
    }

    @Override
    public ModelSpec stored(ModelSpec spec, Checkpoint checkpoint) {
        return spec;
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        if (p.sublayer() < 0) {
            return body().source(spec, p);
        }
        String layer = "blk." + spec.sublayer(p).layer();
        Source fused = new Source.Stored(layer + ".attn_qkv.weight");
        Source fusedBias = new Source.Stored(layer + ".attn_qkv.bias");
        int hidden = spec.hiddenSize();
        int all = Math.multiplyExact(3, hidden);
        return switch (p.role()) {
            case QUERY -> new Source.Rows(fused, 0, hidden, all);
            case KEY -> new Source.Rows(fused, hidden, hidden, all);
            case VALUE -> new Source.Rows(fused, 2 * hidden, hidden, all);
            case QUERY_BIAS -> new Source.Rows(fusedBias, 0, hidden, all);
            case KEY_BIAS -> new Source.Rows(fusedBias, hidden, hidden, all);
            case VALUE_BIAS -> new Source.Rows(fusedBias, 2 * hidden, hidden, all);
            default -> body().source(spec, p);
        };
    }
}
