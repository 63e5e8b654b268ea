package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.Standard;
import glia.model.family.gguf.Gemma4Gguf;
import glia.model.family.hub.Gemma4Names;
import glia.model.layout.GgufForm;
import glia.model.layout.Source;
import glia.model.spec.Embedding;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.Parameter;
import glia.model.spec.PerLayerEmbeddings;
import glia.model.spec.Sublayer;
import java.util.List;
import java.util.Optional;

/// Gemma 4, text: five sliding-window layers to one full layer with larger heads, whose values may be its keys; in some
/// sizes experts in parallel with the MLP; a learned scale of each layer's output. The smallest, E2B and E4B, share KV
/// caches across the last layers and have per-layer embeddings. Checked against the class `Gemma4ForCausalLM`.
final class Gemma4 implements Family {
    @Override
    public List<String> modelTypes() {
        return List.of("gemma4_text", "gemma4_unified_text");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        Norm.Rms norm = new Norm.Rms(Standard.epsilon(config, "rms_norm_eps", 1e-6), 0);
        List<Sublayer> sublayers = Gemma4Layers.read(config, norm);
        Embedding embedding = GemmaBody.embedding(config);
        int perLayerSize = Gemma4Layers.perLayerSize(config);
        return Standard.model(config, 131_072, perLayerSize == 0 ? embedding : embedding.with(new PerLayerEmbeddings(
                config.positive("vocab_size_per_layer_input", 262_144), sublayers.getLast().layer() + 1, perLayerSize,
                norm.eps())), sublayers, norm, GemmaBody.head(config, 0));
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        return Gemma4Names.source(spec, p);
    }

    @Override
    public boolean ignores(ModelSpec spec, String tensorName) {
        return Gemma4Names.isUnused(spec, tensorName);
    }

    @Override
    public Optional<GgufForm> gguf() {
        return Optional.of(new Gemma4Gguf());
    }
}
