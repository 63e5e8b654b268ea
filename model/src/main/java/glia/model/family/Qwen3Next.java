package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.LayerTypes;
import glia.model.family.config.Numbers;
import glia.model.family.config.Standard;
import glia.model.family.gguf.DeltaGguf;
import glia.model.family.hub.DeltaNames;
import glia.model.layout.GgufForm;
import glia.model.layout.Source;
import glia.model.spec.Bias;
import glia.model.spec.GatedDeltaNet;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameter;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Qwen3-Next (https://qwen.ai/blog?id=qwen3_next): three layers of Gated DeltaNet to one of gated attention, and
/// experts in every `decoder_sparse_step`-th layer, except in those that `mlp_only_layers` lists. The recurrence's
/// projections are interleaved by key head. Checked against the class `Qwen3NextForCausalLM`.
final class Qwen3Next implements Family {
    @Override
    public List<String> modelTypes() {
        return List.of("qwen3_next");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        int numExperts = config.has("num_experts") ? Numbers.experts(config, "num_experts") : 512;
        int step = config.positive("decoder_sparse_step", 1);
        LayerTypes.Rule dense = LayerTypes.listed(config, "mlp_only_layers");
        return DeltaHybrid.spec(config, GatedDeltaNet.Inputs.BY_KEY_HEAD, layer -> numExperts > 0
                && (layer + 1) % step == 0 && !dense.holds(layer)
                ? DeltaHybrid.experts(config, numExperts, 10, config.flag("norm_topk_prob", true))
                : Standard.mlp(config, "intermediate_size", Bias.NONE));
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        return DeltaNames.source(spec, p);
    }

    /// Multi-token-prediction layers.
    @Override
    public boolean ignores(ModelSpec spec, String name) {
        return name.startsWith("mtp.");
    }

    @Override
    public Optional<GgufForm> gguf() {
        return Optional.of(new DeltaGguf(Map.of("qwen3next", "qwen3_next"), false));
    }
}
