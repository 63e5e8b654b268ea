package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.Activations;
import glia.model.family.config.GptSizes;
import glia.model.family.config.Standard;
import glia.model.family.hub.StandardNames;
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
import glia.tensor.kernel.Span;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/// GPT-Neo (EleutherAI, 2021): learned positions, scores that are not scaled, and in every second layer a sliding
/// window. Checked against the class `GPTNeoForCausalLM`.
final class GptNeo implements Family {
    private static final String TYPES = "attention_types";

    @Override
    public List<String> modelTypes() {
        return List.of("gpt_neo");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        GptSizes sizes = GptSizes.readEither(config, "hidden_size", "num_heads", "num_layers");
        Attention global = sizes.attention(Bias.OUTPUT).withScale(1);
        Attention local = global.with(new Span.Sliding(config.positive("window_size", 256)));
        List<Boolean> slides = slides(config, sizes.numLayers());
        Mixer mlp = new Mlp(config.positive("intermediate_size", Math.multiplyExact(4, sizes.hidden())),
                Activations.read(config, "activation_function", "gelu_new"), Bias.ALL);
        Norm norm = new Norm.Layer(Standard.epsilon(config, "layer_norm_epsilon", 1e-5));
        int context = config.positive("max_position_embeddings", 2048);
        return Standard.model(config, context,
                new Embedding(new Positions.Learned(context), 1, 0, new Norm.None()),
                Standard.layers(sizes.numLayers(), norm, Residual.PLAIN, layer -> slides.get(layer) ? local : global,
                        layer -> mlp), norm, Standard.head(config, true));
    }

    /// For each layer, whether it has a window. `attention_types` lists patterns of layers with how often each is
    /// repeated: `[[["global", "local"], 12]]`.
    private static List<Boolean> slides(Config config, int numLayers) throws CheckpointException {
        List<?> patterns = config.values().get(TYPES) instanceof List<?> given ? given
                : List.of(List.of(List.of("global", "local"), 12));
        List<Boolean> slides = new ArrayList<>();
        for (Object pattern : patterns) {
            if (!(pattern instanceof List<?> two && two.size() == 2 && two.getFirst() instanceof List<?> kinds
                    && two.getLast() instanceof Number count
                    && kinds.stream().allMatch(k -> "global".equals(k) || "local".equals(k))
                    && count.doubleValue() >= 0 && count.doubleValue() * kinds.size() <= numLayers)) {
                throw config.error(TYPES, "found " + pattern + ", expected patterns of global and local layers with a "
                        + "number, such as [[\"global\", \"local\"], 12], for " + numLayers + " layers in total");
            }
            Collections.nCopies(count.intValue(), kinds).forEach(some -> some.forEach(kind ->
                    slides.add(kind.equals("local"))));
        }
        if (slides.size() != numLayers) {
            throw config.error(TYPES, "describes " + slides.size() + " layers of " + numLayers);
        }
        return slides;
    }

    /// Files have masks, too.
    @Override
    public boolean ignores(ModelSpec spec, String tensorName) {
        return tensorName.endsWith(".attn.attention.bias") || tensorName.endsWith(".attn.attention.masked_bias");
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        return StandardNames.source(spec, p, "model.layers.", "transformer.h.", "model.embed_tokens",
                "transformer.wte", "model.embed_positions", "transformer.wpe", "model.norm", "transformer.ln_f",
                "self_attn.", "attn.attention.", "o_proj", "out_proj", "up_proj", "c_fc", "down_proj", "c_proj",
                "input_layernorm", "ln_1", "post_attention_layernorm", "ln_2");
    }
}
