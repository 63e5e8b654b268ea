package glia.model.family;

import glia.io.Checkpoint;
import glia.io.CheckpointException;
import glia.io.gguf.GgufMetadata;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameter;
import java.util.Map;

/// GPT-2 in GGUF files: matrices are `[outputs, inputs]`, queries, keys and values still fused.
final class Gpt2Gguf implements GgufForm {
    private final StandardGguf body = new StandardGguf("gpt2", "gpt2", StandardGguf.Rotation.HALF_SPLIT);

    @Override
    public String architecture() {
        return body.architecture();
    }

    @Override
    public Map<String, Object> config(GgufMetadata metadata, Checkpoint checkpoint) throws CheckpointException {
        return new GgufKeys(metadata, "gpt2", "gpt2")
                .integer("embedding_length", "n_embd")
                .integer("block_count", "n_layer")
                .integer("feed_forward_length", "n_inner")
                .integer("attention.head_count", "n_head")
                .integer("context_length", "n_positions")
                .real("attention.layer_norm_epsilon", "layer_norm_epsilon")
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
            return body.source(spec, p);
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
            default -> body.source(spec, p);
        };
    }
}
