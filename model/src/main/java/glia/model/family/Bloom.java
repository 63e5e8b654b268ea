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
import glia.model.spec.Residual;
import glia.model.spec.Rope;
import glia.model.spec.Sublayer;
import glia.tensor.kernel.Activation;
import glia.tensor.kernel.Scores;
import glia.tensor.kernel.Span;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// BLOOM (https://arxiv.org/abs/2211.05100): layer norms, also of the embeddings, biases everywhere, ALiBi, queries,
/// keys and values fused head by head. Checked against the class `BloomForCausalLM`; the first checkpoints lack the
/// prefix `transformer.`.
public final class Bloom implements Family {
    public Bloom() { }

    @Override
    public List<String> modelTypes() {
        return List.of("bloom");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        int hidden = config.positive(config.has("n_embed") ? "n_embed" : "hidden_size");
        String headsKey = config.has("n_head") ? "n_head" : "num_attention_heads";
        int heads = config.positive(headsKey);
        if (hidden % heads != 0) {
            throw config.error(headsKey, heads + " heads do not divide the hidden size " + hidden);
        }
        int headSize = hidden / heads;
        Norm norm = new Norm.Layer(Standard.epsilon(config, "layer_norm_epsilon", 1e-5));
        Mixer attention = new Attention(heads, heads, headSize, (float) (1 / Math.sqrt(headSize)), new Rope.None(),
                new Span.Causal(), new Norm.None(), Bias.ALL).with(new Scores.Alibi(8));
        Mixer mlp = new Mlp(Math.multiplyExact(4, hidden), Activation.GELU_TANH, Bias.ALL);
        Residual residual = config.flag("apply_residual_connection_post_layernorm", false)
                ? new Residual.Normed(1, 1) : Residual.PLAIN;
        List<Sublayer> sublayers = new ArrayList<>();
        int numLayers = Standard.numLayers(config, config.has("n_layer") ? "n_layer" : "num_hidden_layers");
        for (int layer = 0; layer < numLayers; layer++) {
            sublayers.add(new Sublayer(layer, norm, attention, new Norm.None(), residual));
            sublayers.add(new Sublayer(layer, norm, mlp, new Norm.None(), residual));
        }
        return new ModelSpec("bloom", config.positive("vocab_size"), hidden, config.positive("seq_length", 2048),
                new Embedding(new Positions.None(), 1, 0, norm), sublayers, norm,
                Standard.head(config, true));
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        if (p.sublayer() < 0) {
            return switch (p.role()) {
                case EMBEDDING -> stored("word_embeddings.weight");
                case EMBEDDING_NORM_WEIGHT -> stored("word_embeddings_layernorm.weight");
                case EMBEDDING_NORM_BIAS -> stored("word_embeddings_layernorm.bias");
                case FINAL_WEIGHT -> stored("ln_f.weight");
                case FINAL_BIAS -> stored("ln_f.bias");
                case HEAD -> new Source.Stored("lm_head.weight");
                default -> throw Standard.unknown(p);
            };
        }
        String h = "h." + spec.sublayer(p).layer() + ".";
        Source fused = stored(h + "self_attention.query_key_value.weight");
        Source fusedBias = stored(h + "self_attention.query_key_value.bias");
        Mixer mixer = spec.mixer(p.place());
        int size = mixer instanceof Attention a ? a.headSize() : 0;
        String norm = h + (mixer instanceof Attention ? "input_layernorm" : "post_attention_layernorm");
        return switch (p.role()) {
            case BEFORE_WEIGHT -> stored(norm + ".weight");
            case BEFORE_BIAS -> stored(norm + ".bias");
            case QUERY -> new Source.Every(fused, 0, 3, size);
            case KEY -> new Source.Every(fused, 1, 3, size);
            case VALUE -> new Source.Every(fused, 2, 3, size);
            case QUERY_BIAS -> new Source.Every(fusedBias, 0, 3, size);
            case KEY_BIAS -> new Source.Every(fusedBias, 1, 3, size);
            case VALUE_BIAS -> new Source.Every(fusedBias, 2, 3, size);
            case OUTPUT -> stored(h + "self_attention.dense.weight");
            case OUTPUT_BIAS -> stored(h + "self_attention.dense.bias");
            case UP -> stored(h + "mlp.dense_h_to_4h.weight");
            case UP_BIAS -> stored(h + "mlp.dense_h_to_4h.bias");
            case DOWN -> stored(h + "mlp.dense_4h_to_h.weight");
            case DOWN_BIAS -> stored(h + "mlp.dense_4h_to_h.bias");
            default -> throw Standard.unknown(p);
        };
    }

    private static Source.Stored stored(String name) {
        return new Source.Stored("transformer." + name, name);
    }

    @Override
    public Optional<GgufForm> gguf() {
        return Optional.of(new FusedGguf("bloom", "bloom", (keys, checkpoint) -> keys
                .integer("embedding_length", "hidden_size")
                .integer("block_count", "n_layer")
                .integer("attention.head_count", "n_head")
                .integer("context_length", "seq_length")
                .real("attention.layer_norm_epsilon", "layer_norm_epsilon")));
    }
}
