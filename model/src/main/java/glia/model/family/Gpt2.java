package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.Activations;
import glia.model.family.config.GptSizes;
import glia.model.family.config.Standard;
import glia.model.family.gguf.FusedGguf;
import glia.model.family.gguf.GgufFacts;
import glia.model.family.gguf.GgufKey;
import glia.model.family.hub.Gpt2Names;
import glia.model.layout.GgufForm;
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
import java.util.List;
import java.util.Optional;

/// GPT-2 (Radford et al., 2019, "Language Models are Unsupervised Multitask Learners"): learned positions, layer norms,
/// biases everywhere, fused queries, keys and values, matrices stored `[inputs, outputs]`. Checked against
/// `GPT2LMHeadModel`; the first checkpoints lack the prefix `transformer.`.
final class Gpt2 implements Family {
    @Override
    public List<String> modelTypes() {
        return List.of("gpt2");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        GptSizes sizes = GptSizes.read(config, "n_embd", "n_head", "n_layer");
        Norm norm = new Norm.Layer(Standard.epsilon(config, "layer_norm_epsilon", 1e-5));
        Attention attention = sizes.attention(Bias.ALL);
        double scale = config.flag("scale_attn_weights", true) ? attention.scale() : 1;
        boolean byLayer = config.flag("scale_attn_by_inverse_layer_idx", false);
        Mixer mlp = new Mlp(config.has("n_inner") ? config.positive("n_inner") : Math.multiplyExact(4, sizes.hidden()),
                Activations.read(config, "activation_function", "gelu_new"), Bias.ALL);
        int context = config.positive("n_positions", 1024);
        return new ModelSpec("gpt2", config.positive("vocab_size"), sizes.hidden(), context,
                new Embedding(new Positions.Learned(context), 1, 0, new Norm.None()),
                Standard.layers(sizes.numLayers(), norm, Residual.PLAIN,
                        layer -> attention.withScale(byLayer ? scale / (layer + 1) : scale), layer -> mlp),
                norm, Standard.head(config, true));
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        return Gpt2Names.source(spec, p);
    }

    @Override
    public Optional<GgufForm> gguf() {
        List<GgufKey> keys = GgufKey.join(FusedGguf.keys("n_layer", "n_positions", "n_embd", "n_head"),
                List.of(GgufKey.count("feed_forward_length", "n_inner", GgufFacts::width)));
        return Optional.of(new FusedGguf("gpt2", "gpt2", keys, (config, checkpoint) -> { }));
    }
}
