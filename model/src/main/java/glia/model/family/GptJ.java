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
import glia.model.spec.Head;
import glia.model.spec.Mixer.Mlp;
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.Parameter;
import glia.model.spec.Rope;
import glia.model.spec.RopeScaling;
import glia.tensor.kernel.RopeTable.Layout;
import java.util.List;

/// GPT-J 6B (Wang, Komatsuzaki, 2021) and CodeGen (https://arxiv.org/abs/2203.13474): attention and MLP in parallel
/// after one layer norm, RoPE of neighboring pairs in the first dimensions of each head, biases in the MLP and the head
/// alone. CodeGen stores queries, values and keys in four blocks. Checked against `GPTJForCausalLM` and
/// `CodeGenForCausalLM`.
final class GptJ implements Family {
    @Override
    public List<String> modelTypes() {
        return List.of("gptj", "codegen");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        GptSizes sizes = GptSizes.readEither(config, "n_embd", "n_head", "n_layer");
        int context = config.positive(config.has("n_positions") ? "n_positions" : "max_position_embeddings", 2048);
        Attention attention = sizes.attention(Bias.NONE).with(new Rope.Rotary(config.positive("rotary_dim", 64), 10_000,
                new RopeScaling.None(), Layout.INTERLEAVED));
        Mixer mlp = new Mlp(config.has("n_inner") ? config.positive("n_inner") : Math.multiplyExact(4, sizes.hidden()),
                Activations.read(config, "activation_function", "gelu_new"), Bias.ALL);
        Norm norm = new Norm.Layer(Standard.epsilon(config, "layer_norm_epsilon", 1e-5));
        Head head = Standard.head(config, false);
        return new ModelSpec(config.text("model_type"), config.positive("vocab_size"), sizes.hidden(), context,
                Embedding.PLAIN, Standard.parallelLayers(sizes.numLayers(), norm, layer -> attention, layer -> mlp),
                norm, new Head(head.matrix(), head.transform(), Bias.ALL, head.logits()));
    }

    /// Rows of queries, values and keys in each of four blocks.
    private static Source blocks(ModelSpec spec, Parameter p, Source separate) {
        int rows = spec.hiddenSize() / 4;
        Source all = separate.renamed(name -> List.of(name.replaceFirst("[qkv]_proj", "qkv_proj")));
        return switch (p.role()) {
            case QUERY -> new Source.Every(all, 0, rows, 3 * rows);
            case VALUE -> new Source.Every(all, rows, rows, 3 * rows);
            case KEY -> new Source.Every(all, 2 * rows, rows, 3 * rows);
            default -> separate;
        };
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        Source source = StandardNames.source(spec, p, "model.layers.", "transformer.h.", "model.embed_tokens",
                "transformer.wte", "model.norm", "transformer.ln_f", "input_layernorm", "ln_1", "self_attn", "attn",
                "o_proj", "out_proj", "up_proj", "fc_in", "down_proj", "fc_out");
        return spec.modelType().equals("codegen") ? blocks(spec, p, source) : source;
    }
}
