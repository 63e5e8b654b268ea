package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.ExpertConfig;
import glia.model.family.config.Standard;
import glia.model.family.gguf.DeltaGguf;
import glia.model.layout.GgufForm;
import glia.model.family.hub.DeltaNames;
import glia.model.layout.Source;
import glia.model.spec.Bias;
import glia.model.spec.GatedDeltaNet;
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameter;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Qwen3.5, the text model, with MLPs or with experts in all layers: the structure of Qwen3-Next, with separate input
/// projections of the recurrence. For text the three RoPE axes are equal. Checked against the classes
/// `Qwen3_5ForCausalLM` and `Qwen3_5MoeForCausalLM`.
final class Qwen35 implements Family {
    private static final String WITH_EXPERTS = "qwen3_5_moe_text";

    @Override
    public List<String> modelTypes() {
        return List.of("qwen3_5_text", WITH_EXPERTS);
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        Mixer mixer = config.text("model_type").equals(WITH_EXPERTS)
                ? DeltaHybrid.experts(config, ExpertConfig.numExperts(config, 256), 8, true)
                : Standard.mlp(config, "intermediate_size", Bias.NONE);
        return DeltaHybrid.spec(config, GatedDeltaNet.Inputs.SEPARATE, layer -> mixer);
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        return DeltaNames.source(spec, p);
    }

    /// Multi-token-prediction layers and the image encoder.
    @Override
    public boolean ignores(ModelSpec spec, String name) {
        return name.startsWith("mtp.") || name.startsWith("model.visual.");
    }

    @Override
    public Optional<GgufForm> gguf() {
        return Optional.of(new DeltaGguf(Map.of("qwen35", "qwen3_5_text", "qwen35moe", WITH_EXPERTS), true));
    }
}
