package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.Standard;
import glia.model.family.gguf.Gemma3nGguf;
import glia.model.family.hub.Gemma3nNames;
import glia.model.layout.GgufForm;
import glia.model.layout.Source;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.Parameter;
import glia.model.spec.PerLayerEmbeddings;
import glia.model.spec.Streams;
import glia.model.spec.Sublayer;
import java.util.List;
import java.util.Optional;

/// Gemma 3n, text: alternating updates (AltUp) of several residual streams, learned augmented residuals (LAuReL) beside
/// attention, per-layer embeddings, KV caches shared across the last layers, and sparse gates in the first
/// (https://ai.google.dev/gemma/docs/gemma-3n). Checked against the class `Gemma3nForCausalLM`. The clipping of AltUp's
/// matrices, which Transformers does in training only, is not done.
final class Gemma3n implements Family {
    @Override
    public List<String> modelTypes() {
        return List.of("gemma3n_text");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        Norm.Rms norm = new Norm.Rms(Standard.epsilon(config, "rms_norm_eps", 1e-6), 0);
        List<Sublayer> sublayers = Gemma3nLayers.read(config, norm);
        return Standard.model(config, 32_768, GemmaBody.embedding(config).with(new PerLayerEmbeddings(
                config.positive("vocab_size_per_layer_input", 262_144), sublayers.getLast().layer() + 1,
                Gemma3nLayers.perLayerSize(config), norm.eps())), sublayers, norm, GemmaBody.head(config, 30))
                .with(new Streams.Projected(Gemma3nLayers.numStreams(config)));
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        return Gemma3nNames.source(spec, p);
    }

    @Override
    public boolean ignores(ModelSpec spec, String tensorName) {
        return Gemma3nNames.isUnused(spec, tensorName);
    }

    @Override
    public Optional<GgufForm> gguf() {
        return Optional.of(new Gemma3nGguf());
    }
}
