package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.Activations;
import glia.model.family.config.AttentionConfig;
import glia.model.family.config.Numbers;
import glia.model.family.config.Padding;
import glia.model.family.config.RopeConfig;
import glia.model.family.config.Standard;
import glia.model.family.config.Synonyms;
import glia.model.family.hub.GriffinNames;
import glia.model.layout.Source;
import glia.model.spec.Attention;
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
import glia.tensor.kernel.Span;
import java.util.List;

/// RecurrentGemma (https://arxiv.org/abs/2404.07839), Griffin with Gemma's norms: two layers of RG-LRU to one of
/// attention in a window with RoPE on half of each head. Checked against the class `RecurrentGemmaForCausalLM`.
final class RecurrentGemma implements Family {
    @Override
    public List<String> modelTypes() {
        return List.of("recurrent_gemma");
    }

    @Override
    public ModelSpec spec(Config given) throws CheckpointException {
        Config config = Synonyms.read(given, "attention_window_size", "sliding_window");
        Norm norm = new Norm.Rms(Standard.epsilon(config, "rms_norm_eps", 1e-6), 1);
        int headSize = AttentionConfig.headSize(config, 0);
        Attention attention = AttentionConfig.causal(config, headSize,
                RopeConfig.read(config, headSize, 10_000, 0.5),
                config.flag("attention_bias", false) ? Bias.ALL : Bias.OUTPUT)
                .with(new Span.Sliding(config.positive("attention_window_size", 2048)));
        Activation activation = Activations.read(config, "hidden_activation", "gelu_pytorch_tanh");
        int hidden = config.positive("hidden_size");
        Mixer recurrence = GriffinMixers.recurrence(config, hidden, activation);
        int width = config.positive("intermediate_size", 7680);
        if (width < 2) {
            throw config.error("intermediate_size", "found " + width + ", the width of gate and up together");
        }
        Mixer mlp = new GatedMlp(width / 2, activation, Bias.ALL);
        boolean[] attends = GriffinMixers.attends(config);
        Embedding embedding = Embedding.scaled(GriffinMixers.rounded((float) Math.sqrt(hidden)));
        Head head = Standard.head(config, true).with(new Head.Logits.Capped(
                (float) Numbers.real(config, "logits_soft_cap", NumberRange.CAP, 30)));
        return Standard.model(config, 8192, Padding.read(config, embedding, 0),
                Standard.layers(Numbers.layers(config, "num_hidden_layers"), norm, Residual.PLAIN,
                        layer -> attends[layer % attends.length] ? attention : recurrence, layer -> mlp), norm, head);
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        return GriffinNames.source(spec, p);
    }
}
