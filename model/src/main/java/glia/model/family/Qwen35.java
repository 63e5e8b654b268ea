package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.spec.GatedDeltaNet;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameter;
import java.util.List;
import java.util.Optional;

/// Qwen3.5, the text part: the body of Qwen3-Next (https://arxiv.org/abs/2505.09388 and its successors' cards) with a
/// projection of its own for each input of the recurrence. For text the three axes of its rotation are one.
/// Checked against the class `Qwen3_5ForCausalLM`.
public final class Qwen35 implements Family {
    public Qwen35() { }

    @Override
    public List<String> modelTypes() {
        return List.of("qwen3_5_text");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        return DeltaHybrid.spec(config, GatedDeltaNet.Inputs.SEPARATE, layer -> DeltaHybrid.mlp(config));
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        return DeltaHybrid.source(spec, p);
    }

    /// Layers that foresee more than one token, with which the reference neither computes logits nor learns here, and
    /// the image encoder.
    @Override
    public boolean ignores(ModelSpec spec, String name) {
        return name.startsWith("mtp.") || name.startsWith("model.visual.");
    }

    @Override
    public Optional<GgufForm> gguf() {
        return Optional.empty();
    }
}
