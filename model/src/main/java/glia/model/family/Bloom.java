package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.GptSizes;
import glia.model.family.config.Standard;
import glia.model.family.gguf.FusedGguf;
import glia.model.family.gguf.GgufKey;
import glia.model.family.gguf.StandardGguf;
import glia.model.family.hub.BloomNames;
import glia.model.layout.GgufForm;
import glia.model.layout.Source;
import glia.model.spec.Bias;
import glia.model.spec.Embedding;
import glia.model.spec.Mixer.Mlp;
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.Parameter;
import glia.model.spec.Positions;
import glia.model.spec.Residual;
import glia.tensor.kernel.Activation;
import glia.tensor.kernel.Scores;
import java.util.List;
import java.util.Optional;

/// BLOOM (https://arxiv.org/abs/2211.05100): layer norms, also of the embeddings, biases everywhere, ALiBi, queries,
/// keys and values fused head by head. Checked against the class `BloomForCausalLM`; the first checkpoints lack the
/// prefix `transformer.`.
final class Bloom implements Family {
    @Override
    public List<String> modelTypes() {
        return List.of("bloom");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        GptSizes sizes = GptSizes.readEither(config, "n_embed", "n_head", "n_layer");
        Norm norm = new Norm.Layer(Standard.epsilon(config, "layer_norm_epsilon", 1e-5));
        Mixer attention = sizes.attention(Bias.ALL).with(new Scores.Alibi(8));
        Mixer mlp = new Mlp(Math.multiplyExact(4, sizes.hidden()), Activation.GELU_TANH, Bias.ALL);
        Residual residual = config.flag("apply_residual_connection_post_layernorm", false)
                ? new Residual.Normed(1, 1) : Residual.PLAIN;
        return new ModelSpec("bloom", config.positive("vocab_size"), sizes.hidden(),
                config.positive("seq_length", 2048), new Embedding(new Positions.None(), 1, 0, norm),
                Standard.layers(sizes.numLayers(), norm, residual, layer -> attention, layer -> mlp), norm,
                Standard.head(config, true));
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        return BloomNames.source(spec, p);
    }

    @Override
    public Optional<GgufForm> gguf() {
        List<GgufKey> keys = GgufKey.join(FusedGguf.keys("n_layer", "seq_length", "hidden_size", "n_head"),
                List.of(GgufKey.written("feed_forward_length", facts -> Optional.of(facts.width())),
                        StandardGguf.KEY_VALUE_HEADS));
        return Optional.of(new FusedGguf("bloom", "bloom", keys, (config, checkpoint) -> { }));
    }
}
