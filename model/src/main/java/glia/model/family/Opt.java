package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.Activations;
import glia.model.family.config.GptSizes;
import glia.model.family.config.Padding;
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
import java.util.List;

/// OPT (https://arxiv.org/abs/2205.01068): learned positions, whose first two rows are not used, layer norms, biases,
/// ReLU. Checked against the class `OPTForCausalLM`.
final class Opt implements Family {
    @Override
    public List<String> modelTypes() {
        return List.of("opt");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        Standard.refuse(config, "_remove_final_layer_norm");
        if (!config.flag("do_layer_norm_before", true)) {
            throw config.error("do_layer_norm_before", "is false, which this family does not support");
        }
        int hidden = config.positive("hidden_size");
        if (config.positive("word_embed_proj_dim", hidden) != hidden) {
            throw config.error("word_embed_proj_dim", "differs from hidden_size, which this family does not support");
        }
        GptSizes sizes = GptSizes.read(config, "hidden_size", "num_attention_heads", "num_hidden_layers");
        Bias bias = Standard.bias(config, "enable_bias", true);
        Attention attention = sizes.attention(bias);
        Mixer mlp = new Mlp(config.positive("ffn_dim"), Activations.read(config, "activation_function", "relu"), bias);
        int context = config.positive("max_position_embeddings", 2048);
        Norm norm = new Norm.Layer(1e-5f);
        return Standard.model(config, context,
                Padding.read(config, new Embedding(new Positions.Learned(context, 2), 1, 0, new Norm.None()), 1),
                Standard.layers(sizes.numLayers(), norm, Residual.PLAIN, layer -> attention, layer -> mlp), norm,
                Standard.head(config, true));
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        Source source = StandardNames.source(spec, p, "model.norm", "model.final_layer_norm", "model.",
                "model.decoder.", "o_proj", "out_proj", "mlp.up_proj", "fc1", "mlp.down_proj", "fc2", "input_layernorm",
                "self_attn_layer_norm", "post_attention_layernorm", "final_layer_norm");
        // The first checkpoints lack the prefix.
        return source.renamed(name -> List.of(name, name.replaceFirst("^model\\.", "")));
    }
}
