package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.Numbers;
import glia.model.family.config.Standard;
import glia.model.family.hub.XlstmNames;
import glia.model.layout.Source;
import glia.model.spec.Bias;
import glia.model.spec.Embedding;
import glia.model.spec.Head;
import glia.model.spec.Mixer.GatedMlp;
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.NumberRange;
import glia.model.spec.Parameter;
import glia.model.spec.Residual;
import glia.tensor.kernel.Activation;
import java.util.List;

/// xLSTM 7B (https://arxiv.org/abs/2503.13427): mLSTM with soft-capped gates, and gated MLPs. Checked against the class
/// `xLSTMForCausalLM`.
final class Xlstm implements Family {
    /// The context length; there is no position encoding that would limit it.
    private static final int CONTEXT = 1 << 20;

    @Override
    public List<String> modelTypes() {
        return List.of("xlstm");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        Bias bias = Standard.bias(config, "use_bias", false);
        int hidden = config.positive("hidden_size", config.positive("embedding_dim", 4096));
        if (config.has("embedding_dim") && config.positive("embedding_dim") != hidden) {
            throw config.error("embedding_dim", "found " + config.positive("embedding_dim")
                    + ", expected hidden_size, " + hidden);
        }
        float eps = Standard.epsilon(config, "norm_eps", 1e-6);
        Mixer memory = XlstmMixers.memory(config, hidden, eps, bias);
        Mixer mlp = new GatedMlp(XlstmMixers.width(config, hidden), Activation.SILU, bias);
        Norm last = new Norm.Rms(eps, 0);
        Norm norm = bias == Bias.NONE ? last : new Norm.BiasedRms(eps);
        Head head = Standard.head(config, false).with(new Head.Logits.Capped(
                (float) Numbers.real(config, "output_logit_soft_cap", NumberRange.CAP, 30)));
        int layers = Numbers.layers(config, config.has("num_hidden_layers") ? "num_hidden_layers" : "num_blocks");
        return new ModelSpec(config.text("model_type"), config.positive("vocab_size"), hidden,
                config.positive("max_position_embeddings", CONTEXT), Embedding.PLAIN,
                Standard.layers(layers, norm, Residual.PLAIN, layer -> memory, layer -> mlp), last, head);
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        return XlstmNames.source(spec, p);
    }
}
