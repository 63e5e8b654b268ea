package glia.model.family;

import glia.io.Checkpoint;
import glia.io.CheckpointException;
import glia.io.gguf.GgufMetadata;
import glia.model.spec.Attention;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameter;
import java.util.List;
import java.util.Map;

/// BERT in GGUF files, which have no head: they end with hidden states. RoBERTa's files are read too, from whose
/// positions the converter took the first ones, that are of no token.
record BertGguf() implements GgufForm {
    private static final StandardGguf BODY = new StandardGguf("bert", "bert", StandardGguf.Rotation.HALF_SPLIT);
    private static final String SEGMENTS = "token_types.weight";

    @Override
    public String architecture() {
        return BODY.architecture();
    }

    @Override
    public Map<String, Object> config(GgufMetadata metadata, Checkpoint checkpoint) throws CheckpointException {
        return encoder(new GgufKeys(metadata, architecture(), BODY.modelType()), "BertModel", checkpoint)
                .real("attention.layer_norm_epsilon", "layer_norm_eps")
                .put("type_vocab_size", checkpoint.tensor(SEGMENTS).rows()).config();
    }

    /// The sizes of an encoder that ends with hidden states.
    ///
    /// @param ofClass the reference's class for such a model
    static GgufKeys encoder(GgufKeys keys, String ofClass, Checkpoint checkpoint) throws CheckpointException {
        return keys.integer("embedding_length", "hidden_size").integer("block_count", "num_hidden_layers")
                .integer("feed_forward_length", "intermediate_size")
                .integer("attention.head_count", "num_attention_heads")
                .integer("context_length", "max_position_embeddings")
                .put("vocab_size", StandardGguf.vocabSize(checkpoint)).put("architectures", List.of(ofClass));
    }

    @Override
    public ModelSpec stored(ModelSpec spec, Checkpoint checkpoint) {
        return spec;
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        String last = "blk." + (spec.numLayers() - 1) + ".layer_output_norm";
        return switch (p.role()) {
            case SEGMENTS -> new Source.Stored(SEGMENTS);
            case FINAL_WEIGHT -> new Source.Stored(last + ".weight");
            case FINAL_BIAS -> new Source.Stored(last + ".bias");
            case BEFORE_WEIGHT -> new Source.Stored(before(spec, p) + ".weight");
            case BEFORE_BIAS -> new Source.Stored(before(spec, p) + ".bias");
            default -> BODY.source(spec, p);
        };
    }

    /// The norm after the sum before a mixer.
    private static String before(ModelSpec spec, Parameter p) {
        int layer = spec.sublayer(p).layer();
        return spec.mixer(p.place()) instanceof Attention ? "blk." + (layer - 1) + ".layer_output_norm"
                : "blk." + layer + ".attn_output_norm";
    }
}
