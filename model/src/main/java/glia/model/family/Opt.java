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
import glia.model.spec.Head;
import glia.model.spec.Mixer.Mlp;
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.Parameter;
import glia.model.spec.Positions;
import glia.model.spec.Residual;
import glia.model.spec.Role;
import java.util.List;

/// OPT (https://arxiv.org/abs/2205.01068): learned positions, whose first two rows are not used, layer norms, biases,
/// ReLU. In OPT-350M the norms come after the sums, and embeddings have a size of their own. Checked against the class
/// `OPTForCausalLM`.
final class Opt implements Family {
    @Override
    public List<String> modelTypes() {
        return List.of("opt");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        int hidden = config.positive("hidden_size");
        int width = config.positive("word_embed_proj_dim", hidden);
        boolean isBefore = config.flag("do_layer_norm_before", true);
        GptSizes sizes = GptSizes.read(config, "hidden_size", "num_attention_heads", "num_hidden_layers");
        Bias bias = Standard.bias(config, "enable_bias", true);
        Attention attention = sizes.attention(bias);
        Mixer mlp = new Mlp(config.positive("ffn_dim"), Activations.read(config, "activation_function", "relu"), bias);
        int context = config.positive("max_position_embeddings", 2048);
        Norm norm = config.flag("layer_norm_elementwise_affine", true) ? new Norm.Layer(1e-5f)
                : new Norm.UnitLayer(1e-5f);
        Norm none = new Norm.None();
        Embedding embedding = Padding.read(config, new Embedding(new Positions.Learned(context, 2), 1, 0, none), 1);
        Head head = Standard.head(config, true);
        return Standard.model(config, context,
                width == hidden ? embedding : embedding.with(new Embedding.Factors(width, true)),
                Standard.layers(sizes.numLayers(), isBefore ? norm : none,
                        isBefore ? Residual.PLAIN : new Residual.PostNorm(norm), layer -> attention, layer -> mlp),
                isBefore && !config.flag("_remove_final_layer_norm", false) ? norm : none,
                width == hidden ? head : head.with(new Head.Transform.Linear(width)));
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        if (p.role() == Role.TRANSFORM || p.role() == Role.EMBEDDING_PROJECTION) {
            String name = p.role() == Role.TRANSFORM ? "project_out.weight" : "project_in.weight";
            return new Source.Stored("model.decoder." + name, "decoder." + name);
        }
        Parameter named = p.role() == Role.AFTER_WEIGHT ? new Parameter(p.place(), Role.BEFORE_WEIGHT)
                : p.role() == Role.AFTER_BIAS ? new Parameter(p.place(), Role.BEFORE_BIAS) : p;
        Source source = StandardNames.source(spec, named, "model.norm", "model.final_layer_norm", "model.",
                "model.decoder.", "o_proj", "out_proj", "mlp.up_proj", "fc1", "mlp.down_proj", "fc2", "input_layernorm",
                "self_attn_layer_norm", "post_attention_layernorm", "final_layer_norm");
        // The first checkpoints lack the prefix.
        return source.renamed(name -> List.of(name, name.replaceFirst("^model\\.", "")));
    }
}
