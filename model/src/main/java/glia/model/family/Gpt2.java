package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.spec.Attention;
import glia.model.spec.Bias;
import glia.model.spec.Embedding;
import glia.model.spec.Mixer;
import glia.model.spec.Mlp;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.Parameter;
import glia.model.spec.Positions;
import glia.model.spec.Rope;
import glia.model.spec.Sublayer;
import glia.tensor.kernel.Span;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// GPT-2 (Radford et al., 2019, "Language Models are Unsupervised Multitask Learners"): learned positions, layer norms,
/// biases everywhere, fused queries, keys and values, matrices stored `[inputs, outputs]`. Checked against
/// `GPT2LMHeadModel`; the first checkpoints lack the prefix `transformer.`.
public final class Gpt2 implements Family {
    public Gpt2() { }

    @Override
    public List<String> modelTypes() {
        return List.of("gpt2");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        int hidden = config.positive("n_embd");
        int heads = config.positive("n_head");
        if (hidden % heads != 0) {
            throw config.error("n_head", heads + " heads do not divide n_embd " + hidden);
        }
        int headSize = hidden / heads;
        Norm norm = new Norm.Layer(Standard.epsilon(config, "layer_norm_epsilon", 1e-5));
        boolean scaled = config.flag("scale_attn_weights", true);
        boolean byLayer = config.flag("scale_attn_by_inverse_layer_idx", false);
        Mixer mlp = new Mlp(config.has("n_inner") ? config.positive("n_inner") : Math.multiplyExact(4, hidden),
                Activations.read(config, "activation_function", "gelu_new"), Bias.ALL);
        List<Sublayer> sublayers = new ArrayList<>();
        int numLayers = Standard.numLayers(config, "n_layer");
        for (int layer = 0; layer < numLayers; layer++) {
            double scale = (scaled ? 1 / Math.sqrt(headSize) : 1) / (byLayer ? layer + 1 : 1);
            sublayers.add(new Sublayer(layer, norm, new Attention(heads, heads, headSize, (float) scale,
                    new Rope.None(), new Span.Causal(), new Norm.None(), Bias.ALL)));
            sublayers.add(new Sublayer(layer, norm, mlp));
        }
        int context = config.has("n_positions") ? config.positive("n_positions") : 1024;
        Embedding embedding = new Embedding(new Positions.Learned(context), 1, 0, new Norm.None());
        return new ModelSpec("gpt2", config.positive("vocab_size"), hidden, context, embedding, sublayers, norm,
                Standard.head(config, true));
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        if (p.sublayer() < 0) {
            return switch (p.role()) {
                case EMBEDDING -> stored("wte.weight");
                case POSITIONS -> stored("wpe.weight");
                case FINAL_WEIGHT -> stored("ln_f.weight");
                case FINAL_BIAS -> stored("ln_f.bias");
                case HEAD -> new Source.Stored("lm_head.weight");
                default -> throw Standard.unknown(p);
            };
        }
        Sublayer s = spec.sublayer(p);
        boolean attention = s.mixer() instanceof Attention;
        String h = "h." + s.layer() + ".";
        String norm = h + (attention ? "ln_1" : "ln_2");
        Source fused = new Source.Transposed(stored(h + "attn.c_attn.weight"));
        Source fusedBias = stored(h + "attn.c_attn.bias");
        int hidden = spec.hiddenSize();
        int all = Math.multiplyExact(3, hidden);
        return switch (p.role()) {
            case BEFORE_WEIGHT -> stored(norm + ".weight");
            case BEFORE_BIAS -> stored(norm + ".bias");
            case QUERY -> new Source.Rows(fused, 0, hidden, all);
            case KEY -> new Source.Rows(fused, hidden, hidden, all);
            case VALUE -> new Source.Rows(fused, 2 * hidden, hidden, all);
            case QUERY_BIAS -> new Source.Rows(fusedBias, 0, hidden, all);
            case KEY_BIAS -> new Source.Rows(fusedBias, hidden, hidden, all);
            case VALUE_BIAS -> new Source.Rows(fusedBias, 2 * hidden, hidden, all);
            case OUTPUT -> new Source.Transposed(stored(h + "attn.c_proj.weight"));
            case OUTPUT_BIAS -> stored(h + "attn.c_proj.bias");
            case UP -> new Source.Transposed(stored(h + "mlp.c_fc.weight"));
            case UP_BIAS -> stored(h + "mlp.c_fc.bias");
            case DOWN -> new Source.Transposed(stored(h + "mlp.c_proj.weight"));
            case DOWN_BIAS -> stored(h + "mlp.c_proj.bias");
            default -> throw Standard.unknown(p);
        };
    }

    private static Source.Stored stored(String name) {
        return new Source.Stored("transformer." + name, name);
    }

    @Override
    public Optional<GgufForm> gguf() {
        return Optional.of(new FusedGguf("gpt2", "gpt2", (keys, checkpoint) -> keys
                .integer("embedding_length", "n_embd")
                .integer("block_count", "n_layer")
                .integer("feed_forward_length", "n_inner")
                .integer("attention.head_count", "n_head")
                .integer("context_length", "n_positions")
                .real("attention.layer_norm_epsilon", "layer_norm_epsilon")));
    }
}
