package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.spec.Attention;
import glia.model.spec.Bias;
import glia.model.spec.Embedding;
import glia.model.spec.GatedMlp;
import glia.model.spec.Head;
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.Parameter;
import glia.model.spec.Positions;
import glia.model.spec.Residual;
import glia.model.spec.Rope;
import glia.model.spec.Sublayer;
import glia.tensor.kernel.Span;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// ModernBERT (https://arxiv.org/abs/2412.13663): an encoder with rotary positions, gated MLPs, no biases, and windows
/// in two of three layers. Checked against the class `ModernBertForMaskedLM`.
public final class ModernBert implements Family {
    public ModernBert() { }

    @Override
    public List<String> modelTypes() {
        return List.of("modernbert");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        int hidden = config.positive("hidden_size", 768);
        int heads = config.positive("num_attention_heads", 12);
        int headSize = Standard.headSize(config, 0);
        float eps = Standard.epsilon(config, "norm_eps", 1e-5);
        Norm norm = config.flag("norm_bias", false) ? new Norm.Layer(eps) : new Norm.UnbiasedLayer(eps);
        int every = config.positive("global_attn_every_n_layers", 3);
        boolean[] slides = LayerTypes.read(config, layer -> layer % every != 0);
        int reach = config.positive("local_attention", 128) / 2;
        Bias bias = config.flag("attention_bias", false) ? Bias.ALL : Bias.NONE;
        Mixer mlp = new GatedMlp(config.positive("intermediate_size", 1152),
                Activations.read(config, "hidden_activation", "gelu"),
                config.flag("mlp_bias", false) ? Bias.ALL : Bias.NONE);
        List<Sublayer> sublayers = new ArrayList<>();
        for (int layer = 0; layer < slides.length; layer++) {
            Mixer attention = new Attention(heads, heads, headSize, (float) (1 / Math.sqrt(headSize)),
                    rope(config, headSize, slides[layer]),
                    slides[layer] ? new Span.Around(reach) : new Span.Everything(), new Norm.None(), bias);
            sublayers.add(new Sublayer(layer, layer == 0 ? new Norm.None() : norm, attention));
            sublayers.add(new Sublayer(layer, norm, mlp));
        }
        Embedding embedding = new Embedding(new Positions.None(), 1, 0, norm);
        Head masked = new Head(config.flag("tie_word_embeddings", true) ? Head.Matrix.TIED : Head.Matrix.SEPARATE,
                new Head.Transform.Dense(Activations.read(config, "classifier_activation", "gelu"), norm,
                        config.flag("classifier_bias", false) ? Bias.ALL : Bias.NONE),
                config.flag("decoder_bias", true) ? Bias.ALL : Bias.NONE, new Head.Logits.Plain());
        return new ModelSpec("modernbert", config.positive("vocab_size"), hidden,
                config.positive("max_position_embeddings", 8192), embedding, sublayers, norm,
                Standard.hasHead(config, "ModernBertForMaskedLM") ? masked : Head.ABSENT);
    }

    /// Global layers turn with a base of 160,000, local ones with 10,000.
    private static Rope rope(Config config, int headSize, boolean slides) throws CheckpointException {
        String type = slides ? "sliding_attention" : "full_attention";
        double base = Standard.positive(config, slides ? "local_rope_theta" : "global_rope_theta",
                slides ? 10_000 : 160_000);
        if (config.has("rope_parameters") && config.child("rope_parameters").has(type)) {
            return RopeConfig.read(config, config.child("rope_parameters").child(type), headSize, base);
        }
        return RopeConfig.read(config, headSize, base);
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        if (p.sublayer() < 0) {
            String name = global(p);
            return new Source.Stored(name, name.replaceFirst("^model\\.", ""));
        }
        String layer = "model.layers." + spec.sublayer(p).layer() + ".";
        int hidden = spec.hiddenSize();
        return switch (p.role()) {
            case BEFORE_WEIGHT -> stored(layer + norm(spec, p) + ".weight");
            case BEFORE_BIAS -> stored(layer + norm(spec, p) + ".bias");
            case QUERY -> new Source.Rows(stored(layer + "attn.Wqkv.weight"), 0, hidden, 3 * hidden);
            case KEY -> new Source.Rows(stored(layer + "attn.Wqkv.weight"), hidden, hidden, 3 * hidden);
            case VALUE -> new Source.Rows(stored(layer + "attn.Wqkv.weight"), 2 * hidden, hidden, 3 * hidden);
            case QUERY_BIAS -> new Source.Rows(stored(layer + "attn.Wqkv.bias"), 0, hidden, 3 * hidden);
            case KEY_BIAS -> new Source.Rows(stored(layer + "attn.Wqkv.bias"), hidden, hidden, 3 * hidden);
            case VALUE_BIAS -> new Source.Rows(stored(layer + "attn.Wqkv.bias"), 2 * hidden, hidden, 3 * hidden);
            case OUTPUT -> stored(layer + "attn.Wo.weight");
            case OUTPUT_BIAS -> stored(layer + "attn.Wo.bias");
            case GATE -> half(spec, p, layer + "mlp.Wi.weight", 0);
            case UP -> half(spec, p, layer + "mlp.Wi.weight", 1);
            case GATE_BIAS -> half(spec, p, layer + "mlp.Wi.bias", 0);
            case UP_BIAS -> half(spec, p, layer + "mlp.Wi.bias", 1);
            case DOWN -> stored(layer + "mlp.Wo.weight");
            case DOWN_BIAS -> stored(layer + "mlp.Wo.bias");
            default -> throw Standard.unknown(p);
        };
    }

    private static String norm(ModelSpec spec, Parameter p) {
        return spec.mixer(p.place()) instanceof Attention ? "attn_norm" : "mlp_norm";
    }

    private static Source half(ModelSpec spec, Parameter p, String name, int which) {
        int size = ((GatedMlp) spec.mixer(p.place())).intermediateSize();
        return new Source.Rows(stored(name), which * size, size, 2 * size);
    }

    /// A model without a head has no prefix.
    private static Source stored(String name) {
        return new Source.Stored(name, name.replaceFirst("^model\\.", ""));
    }

    private static String global(Parameter p) {
        return switch (p.role()) {
            case EMBEDDING -> "model.embeddings.tok_embeddings.weight";
            case EMBEDDING_NORM_WEIGHT -> "model.embeddings.norm.weight";
            case EMBEDDING_NORM_BIAS -> "model.embeddings.norm.bias";
            case FINAL_WEIGHT -> "model.final_norm.weight";
            case FINAL_BIAS -> "model.final_norm.bias";
            case TRANSFORM -> "head.dense.weight";
            case TRANSFORM_BIAS -> "head.dense.bias";
            case TRANSFORM_NORM_WEIGHT -> "head.norm.weight";
            case TRANSFORM_NORM_BIAS -> "head.norm.bias";
            case HEAD -> "decoder.weight";
            case HEAD_BIAS -> "decoder.bias";
            default -> throw Standard.unknown(p);
        };
    }

    @Override
    public Optional<GgufForm> gguf() {
        return Optional.empty();
    }
}
