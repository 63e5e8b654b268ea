package glia.model.family.gguf;

import glia.io.Checkpoint;
import glia.io.CheckpointException;
import glia.io.gguf.GgufMetadata;
import glia.model.layout.Source;
import glia.model.spec.Attention;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameter;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// BERT in GGUF files, and RoBERTa, whose unused first positions are left out, so that it is read as BERT. Files
/// without segments are DistilBERT's; its classifiers have no form, since readers apply BERT's tanh.
public record BertGguf() implements EncoderGguf {
    private static final StandardGguf BODY = new StandardGguf("bert", "bert", StandardGguf.Rotation.HALF_SPLIT);
    private static final List<GgufKey> KEYS = EncoderGguf.keys("layer_norm_eps");
    private static final String SEGMENTS = "token_types.weight";
    private static final String SEGMENT_COUNT = "tokenizer.ggml.token_type_count";
    /// The epsilon of DistilBERT, whose config has none.
    private static final float EPSILON = 1e-12f;

    @Override
    public String architecture() {
        return BODY.architecture();
    }

    @Override
    public Map<String, Object> config(GgufMetadata metadata, Checkpoint checkpoint) throws CheckpointException {
        GgufKeys keys = new GgufKeys(metadata, architecture(), BODY.modelType());
        if (!checkpoint.names().contains(SEGMENTS)) {
            return distilled(keys.put("vocab_size", StandardGguf.vocabSize(checkpoint)).copy(KEYS)).config();
        }
        return EncoderGguf.encoder(keys, "Bert", checkpoint).copy(KEYS)
                .put("type_vocab_size", checkpoint.tensor(SEGMENTS).rows()).config();
    }

    private static GgufKeys distilled(GgufKeys keys) throws CheckpointException {
        String key = "attention.layer_norm_epsilon";
        if ((float) keys.real(key, EPSILON) != EPSILON) {
            throw keys.error("metadata key bert." + key, "found " + keys.real(key, EPSILON) + ", expected " + EPSILON
                    + ", as in all models without segments (" + SEGMENTS + ")");
        }
        return keys.put("model_type", "distilbert").put("architectures", List.of("DistilBertModel"))
                .rename("hidden_size", "dim").rename("num_hidden_layers", "n_layers")
                .rename("num_attention_heads", "n_heads").rename("intermediate_size", "hidden_dim");
    }

    @Override
    public List<GgufKey> keys() {
        return KEYS;
    }

    /// Other readers require the number of segments in the tokenizer's keys.
    @Override
    public Optional<Map<String, Object>> metadata(ModelSpec spec) {
        Optional<Map<String, Object>> metadata = EncoderGguf.super.metadata(spec);
        metadata.ifPresent(all -> all.put(SEGMENT_COUNT, Math.max(1, spec.embedding().numSegments())));
        return metadata;
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
            default -> EncoderGguf.head(p).orElseGet(() -> BODY.source(spec, p));
        };
    }

    /// The norm after the sum before a mixer.
    private static String before(ModelSpec spec, Parameter p) {
        int layer = spec.sublayer(p).layer();
        return spec.mixer(p.place()) instanceof Attention ? "blk." + (layer - 1) + ".layer_output_norm"
                : "blk." + layer + ".attn_output_norm";
    }
}
