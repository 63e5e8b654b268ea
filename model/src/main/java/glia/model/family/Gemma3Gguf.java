package glia.model.family;

import glia.io.Checkpoint;
import glia.io.CheckpointException;
import glia.io.gguf.GgufMetadata;
import glia.model.spec.Attention;
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.Parameter;
import glia.model.spec.QkNorm;
import java.util.Map;

/// Gemma 3 in GGUF files: norm weights are stored with the 1 that the hub's files leave out.
final class Gemma3Gguf implements GgufForm {
    /// The one size whose scores are scaled by the mean size of a head and not by its own.
    private static final int LAYERS_OF_27B = 62;

    private final StandardGguf body = new StandardGguf("gemma3", "gemma3_text", StandardGguf.Rotation.HALF_SPLIT);

    @Override
    public String architecture() {
        return body.architecture();
    }

    @Override
    public Map<String, Object> config(GgufMetadata metadata, Checkpoint checkpoint) throws CheckpointException {
        GgufKeys keys = body.keys(metadata, checkpoint);
        long scalar = keys.integer("block_count") == LAYERS_OF_27B
                ? keys.quotient("embedding_length", "attention.head_count")
                : (long) keys.config().get("head_dim");
        if (!keys.has("attention.sliding_window")) {
            keys.put("sliding_window_pattern", 1);
        }
        return keys.put("query_pre_attn_scalar", scalar)
                .real("rope.freq_base_swa", "rope_local_base_freq")
                .real("final_logit_softcapping", "final_logit_softcapping")
                .config();
    }

    @Override
    public ModelSpec stored(ModelSpec spec, Checkpoint checkpoint) throws CheckpointException {
        return body.stored(spec, checkpoint).mapNorms(Gemma3Gguf::whole).mapMixers(Gemma3Gguf::mixer);
    }

    private static Mixer mixer(Mixer mixer) {
        return mixer instanceof Attention a
                && a.norm() instanceof QkNorm.Heads heads
                ? a.with(new QkNorm.Heads(new Norm.Rms(heads.norm().eps(), 0))) : mixer;
    }

    private static Norm whole(Norm norm) {
        return norm instanceof Norm.Rms rms ? new Norm.Rms(rms.eps(), 0) : norm;
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        return body.source(spec, p);
    }
}
