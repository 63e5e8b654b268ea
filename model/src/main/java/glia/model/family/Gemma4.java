package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.spec.Bias;
import glia.model.spec.GatedMlp;
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.Parallel;
import glia.model.spec.Parameter;
import glia.model.spec.Residual;
import glia.model.spec.Sublayer;
import glia.tensor.kernel.Activation;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Gemma 4, text: five sliding layers to one full one with larger heads, whose keys may be its values too; experts, in
/// some sizes, beside the MLP; each layer's stream times a learned number. Checked against the class
/// `Gemma4ForCausalLM`. Layers that share keys and values and embeddings for each layer (E2B, E4B) are not built.
public final class Gemma4 implements Family {
    public Gemma4() { }

    @Override
    public List<String> modelTypes() {
        return List.of("gemma4_text");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        refuse(config);
        Norm.Rms norm = new Norm.Rms(Standard.epsilon(config, "rms_norm_eps", 1e-6), 0);
        Activation activation = Activations.read(config, "hidden_activation", "gelu_pytorch_tanh");
        Mixer mlp = new GatedMlp(config.positive("intermediate_size"), activation, Bias.NONE);
        boolean[] slides = LayerTypes.read(config, layer -> (layer + 1) % 6 != 0);
        slides[slides.length - 1] = false;
        boolean mixes = config.flag("enable_moe_block", false);
        Mixer feedForward = mixes ? new Parallel(List.of(new Parallel.Branch(1, norm, mlp, norm, 1),
                new Parallel.Branch(1, new Norm.None(), Gemma4Mixers.experts(config, activation, norm), norm, 1))) : mlp;
        List<Sublayer> sublayers = new ArrayList<>();
        for (int layer = 0; layer < slides.length; layer++) {
            sublayers.add(new Sublayer(layer, norm,
                    Gemma4Mixers.attention(config, layer, slides[layer], norm.eps()), norm, Residual.PLAIN));
            sublayers.add(new Sublayer(layer, mixes ? new Norm.None() : norm, feedForward, norm,
                    new Residual.Scaled()));
        }
        return Standard.model(config, 131_072, GemmaBody.embedding(config), sublayers, norm,
                GemmaBody.head(config, 0));
    }

    private static void refuse(Config config) throws CheckpointException {
        if (config.integer("num_kv_shared_layers", 0) != 0) {
            throw config.error("num_kv_shared_layers", "shared keys and values are not supported, expected 0");
        }
        if (config.integer("hidden_size_per_layer_input", 256) != 0) {
            throw config.error("hidden_size_per_layer_input", "embeddings by layer are not supported, expected 0");
        }
        if (config.text("use_bidirectional_attention", "vision").equals("all")) {
            throw config.error("use_bidirectional_attention", "embedding models are not supported");
        }
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        return Gemma4Names.source(spec, p);
    }

    @Override
    public Optional<GgufForm> gguf() {
        return Optional.of(new Gemma4Gguf());
    }
}
