package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.spec.Attention;
import glia.model.spec.Bias;
import glia.model.spec.Embedding;
import glia.model.spec.Head;
import glia.model.spec.Mixer;
import glia.model.spec.Mlp;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.Parameter;
import glia.model.spec.QkNorm;
import glia.model.spec.Rope;
import glia.model.spec.Sublayer;
import glia.tensor.kernel.Activation;
import glia.tensor.kernel.Scores;
import glia.tensor.kernel.Span;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// MPT (MosaicML, 2023): no biases at all, ALiBi, fused queries, keys and values. Checked against the class
/// `MptForCausalLM`, which leaves `alibi_bias_max`, `expansion_ratio` and `logit_scale` aside; here they count, as in
/// the models' own code.
public final class Mpt implements Family {
    public Mpt() { }

    @Override
    public List<String> modelTypes() {
        return List.of("mpt");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        int hidden = config.positive(config.has("d_model") ? "d_model" : "hidden_size");
        String headsKey = config.has("n_heads") ? "n_heads" : "num_attention_heads";
        int heads = config.positive(headsKey);
        if (hidden % heads != 0) {
            throw config.error(headsKey, heads + " heads do not divide the hidden size " + hidden);
        }
        Norm norm = new Norm.UnbiasedLayer(Standard.epsilon(config, "layer_norm_epsilon", 1e-5));
        if (!config.text("norm_type", "layernorm").endsWith("layernorm")) {
            throw config.error("norm_type", "only layer norms are supported");
        }
        Mixer attention = attention(config.has("attn_config") ? config.child("attn_config")
                : Config.of(config.origin(), Map.of()), heads, hidden / heads);
        Mixer mlp = new Mlp(Math.multiplyExact(config.positive("expansion_ratio", 4), hidden), Activation.GELU,
                Bias.NONE);
        List<Sublayer> sublayers = new ArrayList<>();
        int numLayers = Standard.numLayers(config, config.has("n_layers") ? "n_layers" : "num_hidden_layers");
        for (int layer = 0; layer < numLayers; layer++) {
            sublayers.add(new Sublayer(layer, norm, attention));
            sublayers.add(new Sublayer(layer, norm, mlp));
        }
        return new ModelSpec("mpt", config.positive("vocab_size"), hidden, config.positive("max_seq_len", 2048),
                Embedding.PLAIN, sublayers, norm, head(config, hidden));
    }

    private static Mixer attention(Config config, int heads, int headSize) throws CheckpointException {
        if (!config.flag("alibi", true)) {
            throw config.error("alibi", "models with learned positions are not supported");
        }
        Standard.refuse(config, "prefix_lm", "qk_ln");
        if (!config.text("attn_type", "multihead_attention").equals("multihead_attention")) {
            throw config.error("attn_type", "only multihead_attention is supported");
        }
        float scale = (float) config.real("softmax_scale", 1 / Math.sqrt(headSize));
        Attention attention = new Attention(heads, heads, headSize, scale, new Rope.None(), new Span.Causal(),
                new Norm.None(), Bias.NONE)
                .with(new Scores.Alibi((float) Standard.positive(config, "alibi_bias_max", 8)));
        double limit = config.real("clip_qkv", 0);
        return limit == 0 ? attention : attention.with(new QkNorm.Clipped((float) limit));
    }

    private static Head head(Config config, int hidden) throws CheckpointException {
        Head head = Standard.head(config, true);
        if (!config.has("logit_scale")) {
            return head;
        }
        double scale = config.value("logit_scale").isNumber() ? config.real("logit_scale")
                : config.text("logit_scale").equals("inv_sqrt_d_model") ? 1 / Math.sqrt(hidden) : Double.NaN;
        if (Double.isNaN(scale)) {
            throw config.error("logit_scale", "found '" + config.text("logit_scale")
                    + "', expected a number or inv_sqrt_d_model");
        }
        return head.with(new Head.Logits.Scaled((float) scale));
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        if (p.sublayer() < 0) {
            return new Source.Stored(switch (p.role()) {
                case EMBEDDING -> "transformer.wte.weight";
                case FINAL_WEIGHT -> "transformer.norm_f.weight";
                case HEAD -> "lm_head.weight";
                default -> throw Standard.unknown(p);
            });
        }
        String block = "transformer.blocks." + spec.sublayer(p).layer() + ".";
        boolean attention = spec.mixer(p.place()) instanceof Attention;
        Source fused = new Source.Stored(block + "attn.Wqkv.weight");
        int hidden = spec.hiddenSize();
        int all = Math.multiplyExact(3, hidden);
        return switch (p.role()) {
            case BEFORE_WEIGHT -> new Source.Stored(block + (attention ? "norm_1.weight" : "norm_2.weight"));
            case QUERY -> new Source.Rows(fused, 0, hidden, all);
            case KEY -> new Source.Rows(fused, hidden, hidden, all);
            case VALUE -> new Source.Rows(fused, 2 * hidden, hidden, all);
            case OUTPUT -> new Source.Stored(block + "attn.out_proj.weight");
            case UP -> new Source.Stored(block + "ffn.up_proj.weight");
            case DOWN -> new Source.Stored(block + "ffn.down_proj.weight");
            default -> throw Standard.unknown(p);
        };
    }

    @Override
    public Optional<GgufForm> gguf() {
        return Optional.of(new FusedGguf("mpt", "mpt", (keys, checkpoint) -> {
            keys.integer("embedding_length", "d_model").integer("block_count", "n_layers")
                    .integer("attention.head_count", "n_heads").integer("context_length", "max_seq_len")
                    .real("attention.layer_norm_epsilon", "layer_norm_epsilon")
                    .put("expansion_ratio", keys.quotient("feed_forward_length", "embedding_length"))
                    .real("attention.clamp_kqv", "clip_qkv").real("attention.max_alibi_bias", "alibi_bias_max");
            return keys.move("attn_config", "clip_qkv", "alibi_bias_max");
        }));
    }
}
