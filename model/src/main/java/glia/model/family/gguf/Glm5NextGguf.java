package glia.model.family.gguf;

import glia.io.Checkpoint;
import glia.io.CheckpointException;
import glia.io.gguf.GgufMetadata;
import glia.model.layout.Source;
import glia.model.spec.KeyChoice;
import glia.model.spec.LatentAttention;
import glia.model.spec.Mixer.LimitedMlp;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameter;
import glia.model.spec.Residual;
import glia.tensor.kernel.DecayForm;
import glia.tensor.ops.expert.MlpForm;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/// GLM-5.3-Flash in GGUF files: Kimi Linear's form with pooled indexers, hyper-connections and limits of gates.
public record Glm5NextGguf() implements WrittenGguf {
    private static final KimiGguf BODY = new KimiGguf(new LatentGguf("glm5-next", "glm5_next_text"), DecayForm.RATE);
    private static final String LIMIT = "swiglu_clamp_exp";
    private static final String TYPES = "attention.indexer.types";
    private static final List<GgufKey> KEYS = List.of(
            GgufKey.optional("attention.indexer.kpool", "index_kpool", facts -> facts.mixers()
                    .map(m -> m instanceof LatentAttention a && a.keys() instanceof KeyChoice.Pooled p ? p.blockSize()
                            : 0).filter(size -> size > 0).findFirst()),
            GgufKey.written(TYPES, facts -> Optional.of(types(facts.spec()))),
            GgufKey.optional("hyper_connection.count", "hc_mult", hyper(Residual.Hyper::numStreams)),
            GgufKey.optional("hyper_connection.sinkhorn_iterations", "hc_sinkhorn_iters",
                    hyper(Residual.Hyper::iterations)),
            GgufKey.real("hyper_connection.epsilon", "hc_eps", facts -> hyper(Residual.Hyper::eps).apply(facts)),
            GgufKey.written("attention.layer_norm_epsilon", facts -> Optional.of(1e-6f)),
            GgufKey.written(LIMIT, Glm5NextGguf::limits), GgufKey.written("swiglu_clamp_shexp", Glm5NextGguf::limits));

    private static <T> Function<GgufFacts, Optional<T>> hyper(Function<Residual.Hyper, T> fact) {
        return facts -> facts.spec().sublayers().getFirst().residual() instanceof Residual.Hyper h
                ? Optional.of(fact.apply(h)) : Optional.empty();
    }

    private static Optional<List<Float>> limits(GgufFacts facts) {
        return facts.first(LimitedMlp.class).map(LimitedMlp::form).map(MlpForm.class::cast)
                .or(() -> facts.experts().map(e -> e.form()))
                .flatMap(f -> f instanceof MlpForm.Cut cut ? Optional.of(Collections.nCopies(facts.spec().numLayers(),
                        cut.limit())) : Optional.empty());
    }

    /// Whether a layer has an indexer of its own, or is none that shares one.
    private static List<Boolean> types(ModelSpec spec) {
        List<Boolean> types = new ArrayList<>(Collections.nCopies(spec.numLayers(), true));
        spec.sublayers().stream().filter(s -> s.mixer() instanceof LatentAttention a
                && a.keys() instanceof KeyChoice.AsBefore).forEach(s -> types.set(s.layer(), false));
        return types;
    }

    @Override
    public String architecture() {
        return BODY.architecture();
    }

    @Override
    public List<GgufKey> keys() {
        return GgufKey.join(GgufKey.without(BODY.keys(), "kda.safe_gate"), KEYS);
    }

    @Override
    public ModelSpec written(ModelSpec spec) {
        return BODY.written(spec);
    }

    @Override
    public Map<String, Object> config(GgufMetadata metadata, Checkpoint checkpoint) throws CheckpointException {
        Map<String, Object> config = BODY.config(metadata, checkpoint);
        GgufKeys own = new GgufKeys(metadata, architecture(), BODY.body().modelType()).copy(KEYS)
                .put("num_hidden_layers", config.get("num_hidden_layers"))
                .kinds(checkpoint, "mlp_layer_types", "ffn_gate_inp.weight", "sparse", "dense");
        if (own.has(LIMIT)) {
            own.put("swiglu_limit", metadata.floats(architecture() + "." + LIMIT)[0]);
        }
        config.putAll(own.config());
        config.put("linear_lower_bound", config.remove("kda_lower_bound"));
        List<String> kinds = new ArrayList<>();
        List<String> indexers = new ArrayList<>();
        for (Object kind : (List<?>) config.get("layer_types")) {
            String layer = "blk." + kinds.size() + ".";
            boolean attends = kind.equals("full_attention");
            kinds.add(attends ? "indexed_attention" : "linear_attention");
            indexers.add(attends && !checkpoint.names().contains(layer + "indexer.attn_k.weight") ? "shared" : "full");
        }
        config.put("layer_types", kinds);
        config.put("indexer_types", indexers);
        return config;
    }

    @Override
    public ModelSpec stored(ModelSpec spec, Checkpoint checkpoint) throws CheckpointException {
        return BODY.stored(spec, checkpoint);
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        if (p.sublayer() < 0) {
            return BODY.source(spec, p);
        }
        String layer = "blk." + spec.sublayer(p).layer() + ".";
        String streams = layer + (p.sublayer() % 2 == 0 ? "hc_attn_" : "hc_ffn_");
        return switch (p.role()) {
            case STREAM_WEIGHTS -> new Source.Stored(streams + "fn.weight");
            case STREAM_BASE -> new Source.Stored(streams + "base.weight");
            case STREAM_SCALE -> new Source.Stored(streams + "scale.weight");
            case DECAY -> new Source.Stored(layer + "ssm_a");
            default -> BODY.source(spec, p);
        };
    }

    @Override
    public boolean ignores(ModelSpec spec, String tensorName) {
        return BODY.ignores(spec, tensorName);
    }
}
