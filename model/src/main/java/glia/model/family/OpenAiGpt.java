package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.GptSizes;
import glia.model.family.config.Standard;
import glia.model.family.hub.Gpt2Names;
import glia.model.layout.Source;
import glia.model.spec.Attention;
import glia.model.spec.Bias;
import glia.model.spec.Embedding;
import glia.model.spec.Mixer.Mlp;
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.Parameter;
import glia.model.spec.Positions;
import glia.model.spec.Residual;
import glia.model.spec.Sublayer;
import glia.tensor.kernel.Activation;
import java.util.ArrayList;
import java.util.List;

/// GPT (Radford et al., 2018, "Improving Language Understanding by Generative Pre-Training"): GPT-2 with a norm after
/// each sum; it is the `before` of the next sublayer. `gelu` is the tanh form. Checked against the class
/// `OpenAIGPTLMHeadModel`.
final class OpenAiGpt implements Family {
    @Override
    public List<String> modelTypes() {
        return List.of("openai-gpt");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        GptSizes sizes = GptSizes.readEither(config, "n_embd", "n_head", "n_layer");
        Norm norm = new Norm.Layer(Standard.epsilon(config, "layer_norm_epsilon", 1e-5));
        Attention attention = sizes.attention(Bias.ALL);
        Mixer mlp = new Mlp(Math.multiplyExact(4, sizes.hidden()), activation(config), Bias.ALL);
        Residual sum = new Residual.Normed(1, 1);
        List<Sublayer> sublayers = new ArrayList<>();
        for (int layer = 0; layer < sizes.numLayers(); layer++) {
            sublayers.add(new Sublayer(layer, layer == 0 ? new Norm.None() : norm, attention, new Norm.None(), sum));
            sublayers.add(new Sublayer(layer, norm, mlp, new Norm.None(), sum));
        }
        int context = config.positive("n_positions", 512);
        return new ModelSpec("openai-gpt", config.positive("vocab_size"), sizes.hidden(), context,
                new Embedding(new Positions.Learned(context), 1, 0, new Norm.None()), sublayers, norm,
                Standard.head(config, true));
    }

    private static Activation activation(Config config) throws CheckpointException {
        return switch (config.text("afn", "gelu")) {
            case "gelu" -> Activation.GELU_TANH;
            case "relu" -> Activation.RELU;
            case "silu", "swish" -> Activation.SILU;
            default -> throw config.error("afn", "activation '" + config.text("afn")
                    + "' is not supported; known are gelu, relu and silu");
        };
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        return Gpt2Names.source(spec, p).renamed(name -> List.of(name.replace("wte.", "tokens_embed.")
                .replace("wpe.", "positions_embed.").replace("ln_f.", "h." + (spec.numLayers() - 1) + ".ln_2.")
                .replaceFirst("\\bh\\.(\\d+)\\.ln_[12]\\.(?=\\w+$)", normOf(spec, p))));
    }

    /// The norm that is the `before` of a sublayer: the second one of the layer before, or the first one of its own.
    private static String normOf(ModelSpec spec, Parameter p) {
        if (p.sublayer() < 0) {
            return "$0";
        }
        boolean isAttention = spec.mixer(p.place()) instanceof Attention;
        return isAttention ? "h." + (spec.sublayer(p).layer() - 1) + ".ln_2." : "h.$1.ln_1.";
    }
}
