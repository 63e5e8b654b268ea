package glia.model.family.gguf;

import glia.io.Checkpoint;
import glia.io.CheckpointException;
import glia.io.gguf.GgufMetadata;
import glia.model.layout.Pooling;
import glia.model.layout.Source;
import glia.model.spec.Attention;
import glia.model.spec.Classes;
import glia.model.spec.Mixer.GatedMlp;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameter;
import glia.model.spec.Rope;
import glia.tensor.kernel.Span;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/// ModernBERT in GGUF files. Queries, keys and values are fused, and so are gate and up.
public record ModernBertGguf() implements EncoderGguf {
    private static final String POOL = "classifier.pooling_type";
    private static final int MEAN = Pooling.MEAN.ggufNumber();
    private static final int CLS = Pooling.CLS.ggufNumber();
    private static final List<GgufKey> KEYS = GgufKey.join(EncoderGguf.keys("norm_eps"), List.of(
            GgufKey.real("rope.freq_base", "global_rope_theta", facts -> base(facts, false)),
            GgufKey.real("rope.freq_base_swa", "local_rope_theta", facts -> base(facts, true)),
            GgufKey.optional("attention.sliding_window", "local_attention", facts -> attention(facts, true)
                    .map(a -> 2 * ((Span.BidirectionalWindow) a.span()).reach())),
            new GgufKey(POOL, keys -> keys.put("classifier_pooling",
                    keys.has(POOL) && keys.integer(POOL) == CLS ? "cls" : "mean"),
                    facts -> facts.spec().head().classes().map(c -> c.pool() == Classes.Pool.MEAN ? MEAN : CLS)),
            new GgufKey("attention.sliding_window_pattern", keys -> keys.slides("global_attn_every_n_layers"),
                    facts -> Optional.of(pattern(facts.spec())))));
    private static final FusedGguf BODY = new FusedGguf("modern-bert", "modernbert", KEYS, (keys, checkpoint) ->
            EncoderGguf.encoder(keys, "ModernBert", checkpoint).text("hidden_act", "hidden_activation"));

    @Override
    public String architecture() {
        return BODY.architecture();
    }

    @Override
    public Map<String, Object> config(GgufMetadata metadata, Checkpoint checkpoint) throws CheckpointException {
        return BODY.config(metadata, checkpoint);
    }

    @Override
    public List<GgufKey> keys() {
        return KEYS;
    }

    private static Optional<Attention> attention(GgufFacts facts, boolean slides) {
        return facts.mixers()
                .filter(m -> m instanceof Attention a && a.span() instanceof Span.BidirectionalWindow == slides)
                .map(Attention.class::cast).findFirst();
    }

    private static Optional<Double> base(GgufFacts facts, boolean slides) {
        return attention(facts, slides).filter(a -> a.rope() instanceof Rope.Rotary)
                .map(a -> ((Rope.Rotary) a.rope()).theta());
    }

    /// The period of global layers, or a list of the local layers.
    private static Object pattern(ModelSpec spec) {
        int[] slides = StateSpaceKeys.byLayer(spec,
                m -> m instanceof Attention a && a.span() instanceof Span.BidirectionalWindow ? 1 : 0);
        for (int period = 1; period <= slides.length; period++) {
            int every = period;
            if (IntStream.range(0, slides.length).allMatch(i -> slides[i] == (i % every == 0 ? 0 : 1))) {
                return period;
            }
        }
        return IntStream.of(slides).mapToObj(i -> i > 0).toList();
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        return switch (p.role()) {
            case GATE -> half(spec, p, 0);
            case UP -> half(spec, p, 1);
            default -> EncoderGguf.head(p).orElseGet(() -> BODY.source(spec, p));
        };
    }

    private static Source half(ModelSpec spec, Parameter p, int which) {
        int width = ((GatedMlp) spec.mixer(p.place())).intermediateSize();
        return new Source.Rows(new Source.Stored("blk." + spec.sublayer(p).layer() + ".ffn_up.weight"), which * width,
                width, 2 * width);
    }
}
