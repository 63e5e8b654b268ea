package glia.model.family;

import glia.io.Checkpoint;
import glia.io.CheckpointException;
import glia.io.gguf.GgufMetadata;
import glia.model.spec.GatedMlp;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameter;
import java.util.List;
import java.util.Map;

/// ModernBERT in GGUF files, which have no head. Queries, keys and values are one matrix, and so are gates and ups.
record ModernBertGguf() implements GgufForm {
    private static final FusedGguf BODY = new FusedGguf("modern-bert", "modernbert", List.of(),
            ModernBertGguf::sizes);

    @Override
    public String architecture() {
        return BODY.architecture();
    }

    @Override
    public Map<String, Object> config(GgufMetadata metadata, Checkpoint checkpoint) throws CheckpointException {
        return BODY.config(metadata, checkpoint);
    }

    private static void sizes(GgufKeys keys, Checkpoint checkpoint) throws CheckpointException {
        BertGguf.encoder(keys, "ModernBertModel", checkpoint).real("attention.layer_norm_epsilon", "norm_eps")
                .real("rope.freq_base", "global_rope_theta").real("rope.freq_base_swa", "local_rope_theta")
                .optional("attention.sliding_window", "local_attention").text("hidden_act", "hidden_activation")
                .slides("global_attn_every_n_layers");
    }

    @Override
    public ModelSpec stored(ModelSpec spec, Checkpoint checkpoint) {
        return spec;
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        return switch (p.role()) {
            case GATE -> half(spec, p, 0);
            case UP -> half(spec, p, 1);
            default -> BODY.source(spec, p);
        };
    }

    private static Source half(ModelSpec spec, Parameter p, int which) {
        int width = ((GatedMlp) spec.mixer(p.place())).intermediateSize();
        return new Source.Rows(new Source.Stored("blk." + spec.sublayer(p).layer() + ".ffn_up.weight"), which * width,
                width, 2 * width);
    }
}
