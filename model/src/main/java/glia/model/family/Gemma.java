package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.Activations;
import glia.model.family.config.AttentionConfig;
import glia.model.family.config.RopeConfig;
import glia.model.family.config.Standard;
import glia.model.family.gguf.GemmaGguf;
import glia.model.layout.GgufForm;
import glia.model.spec.Attention;
import glia.model.spec.Bias;
import glia.model.spec.Mixer;
import glia.model.spec.Mixer.GatedMlp;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.tensor.kernel.Activation;
import java.util.List;
import java.util.Optional;

/// Gemma 1 and CodeGemma (https://arxiv.org/abs/2403.08295): norms with weights stored minus 1, embeddings times √D,
/// large heads, GELU-gated MLP. Checked against the class `GemmaForCausalLM`.
final class Gemma implements Family {
    @Override
    public List<String> modelTypes() {
        return List.of("gemma");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        Standard.refuse(config, "use_bidirectional_attention");
        int headSize = AttentionConfig.headSize(config, 256);
        Attention attention = AttentionConfig.causal(config, 16, headSize, RopeConfig.read(config, headSize, 10_000),
                Standard.bias(config, "attention_bias", false));
        // The first files say gelu and mean its tanh form; some have hidden_activation besides, which says the same.
        Activation activation = config.text("hidden_act", "gelu").equals("gelu") ? Activation.GELU_TANH
                : Activations.read(config, "hidden_act", "gelu");
        Mixer mlp = new GatedMlp(config.positive("intermediate_size"), activation, Bias.NONE);
        Norm norm = GemmaBody.norm(config);
        return Standard.spec(config, 8192, GemmaBody.embedding(config), norm,
                layer -> attention, layer -> mlp, Standard.head(config, true));
    }

    @Override
    public Optional<GgufForm> gguf() {
        return Optional.of(new GemmaGguf("gemma", "gemma", 0));
    }
}
