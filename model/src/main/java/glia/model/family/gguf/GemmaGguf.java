package glia.model.family.gguf;

import glia.io.Checkpoint;
import glia.io.CheckpointException;
import glia.io.gguf.GgufMetadata;
import glia.model.layout.Source;
import glia.model.spec.Attention;
import glia.model.spec.Head;
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.Parameter;
import glia.model.spec.QkNorm;
import glia.model.spec.Rope;
import glia.tensor.kernel.Scores;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Gemma 2 and 3 in GGUF files: norm weights include the 1 that the hub's files omit.
///
/// @param layersOf27B the number of layers of the 27B model, whose scores are scaled by hidden size / heads instead of
///     the head size
public record GemmaGguf(String architecture, String modelType, int layersOf27B) implements WrittenGguf {
    private static final List<GgufKey> KEYS = List.of(
            GgufKey.real("rope.freq_base_swa", "rope_local_base_freq", facts -> facts.first(Attention.class)
                    .filter(a -> a.norm() instanceof QkNorm.Heads).flatMap(a -> facts.sliding())
                    .map(Rope.Rotary::theta)),
            GgufKey.real("attn_logit_softcapping", "attn_logit_softcapping", facts -> facts.attention()
                    .flatMap(a -> a.scores() instanceof Scores.Capped c ? Optional.of(c.cap()) : Optional.empty())),
            GgufKey.real("final_logit_softcapping", "final_logit_softcapping", facts ->
                    facts.spec().head().logits() instanceof Head.Logits.Capped c ? Optional.of(c.cap())
                            : Optional.empty()));

    /// EmbeddingGemma.
    private static final String EMBEDDING = "gemma-embedding";

    private StandardGguf body(String name) {
        return new StandardGguf(name, modelType, StandardGguf.Rotation.HALF_SPLIT);
    }

    private StandardGguf body() {
        return body(architecture);
    }

    @Override
    public List<String> architectures() {
        return architecture.equals("gemma3") ? List.of(architecture, EMBEDDING) : List.of(architecture);
    }

    @Override
    public String architecture(ModelSpec spec) {
        return spec.looksAhead() ? EMBEDDING : architecture;
    }

    @Override
    public ModelSpec held(ModelSpec spec) {
        return spec.looksAhead() ? spec.withHead(Head.ABSENT) : spec;
    }

    /// The maps after the pooling.
    @Override
    public boolean ignores(ModelSpec spec, String name) {
        return spec.looksAhead() && name.matches("dense_[23]\\.weight");
    }

    @Override
    public Map<String, Object> config(GgufMetadata metadata, Checkpoint checkpoint) throws CheckpointException {
        String name = GgufKeys.architecture(metadata);
        GgufKeys keys = body(name).keys(metadata, checkpoint);
        if (name.equals(EMBEDDING)) {
            keys.put("use_bidirectional_attention", true).put("architectures", List.of("Gemma3TextModel"));
        }
        long scalar = keys.integer("block_count") == layersOf27B
                ? keys.quotient("embedding_length", "attention.head_count")
                : (long) keys.config().get("head_dim");
        if (!keys.has("attention.sliding_window")) {
            keys.put("sliding_window_pattern", 1);
        }
        return keys.put("query_pre_attn_scalar", scalar)
                .copy(KEYS)
                .config();
    }

    @Override
    public List<GgufKey> keys() {
        return GgufKey.join(body().keys(), KEYS);
    }

    @Override
    public ModelSpec stored(ModelSpec spec, Checkpoint checkpoint) throws CheckpointException {
        return body().stored(spec, checkpoint);
    }

    /// A copy with norm weights that include 1.
    static ModelSpec whole(ModelSpec spec) {
        return spec.mapNorms(GemmaGguf::whole).mapMixers(GemmaGguf::mixer);
    }

    static Mixer mixer(Mixer mixer) {
        return mixer instanceof Attention a && a.norm() instanceof QkNorm.Heads heads
                ? a.with(new QkNorm.Heads(new Norm.Rms(heads.norm().eps(), 0))) : mixer;
    }

    private static Norm whole(Norm norm) {
        return switch (norm) {
            case Norm.Rms rms -> new Norm.Rms(rms.eps(), 0);
            case Norm.Layer layer -> new Norm.Layer(layer.eps());
            default -> norm;
        };
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        return body().source(spec, p);
    }
}
