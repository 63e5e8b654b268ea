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

/// BERT in GGUF files. RoBERTa's files are read too; the converter removed their unused first positions.
public record BertGguf() implements EncoderGguf {
    private static final StandardGguf BODY = new StandardGguf("bert", "bert", StandardGguf.Rotation.HALF_SPLIT);
    private static final List<GgufKey> KEYS = EncoderGguf.keys("layer_norm_eps");
    private static final String SEGMENTS = "token_types.weight";

    @Override
    public String architecture() {
        return BODY.architecture();
    }

    @Override
    public Map<String, Object> config(GgufMetadata metadata, Checkpoint checkpoint) throws CheckpointException {
        return EncoderGguf.encoder(new GgufKeys(metadata, architecture(), BODY.modelType()), "Bert", checkpoint)
                .copy(KEYS).put("type_vocab_size", checkpoint.tensor(SEGMENTS).rows()).config();
    }

    @Override
    public List<GgufKey> keys() {
        return KEYS;
    }

    /// Other readers require the number of segments in the tokenizer's keys.
    @Override
    public Optional<Map<String, Object>> metadata(ModelSpec spec) {
        Optional<Map<String, Object>> metadata = EncoderGguf.super.metadata(spec);
        metadata.ifPresent(all -> all.put("tokenizer.ggml.token_type_count", spec.embedding().numSegments()));
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
