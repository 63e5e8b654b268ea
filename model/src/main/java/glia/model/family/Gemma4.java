package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.spec.Bias;
import glia.model.spec.Embedding;
import glia.model.spec.Experts;
import glia.model.spec.GatedMlp;
import glia.model.spec.Head;
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.NormedAttention;
import glia.model.spec.NormedAttention.Values;
import glia.model.spec.NormedExperts;
import glia.model.spec.Parallel;
import glia.model.spec.Parameter;
import glia.model.spec.Residual;
import glia.model.spec.Rope;
import glia.model.spec.Sublayer;
import glia.tensor.kernel.Activation;
import glia.tensor.kernel.Span;
import glia.tensor.ops.ExpertMlp.Weighting;
import glia.tensor.ops.MlpForm;
import glia.tensor.ops.Router;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Gemma 4, text: five sliding layers to one full one with larger heads, whose keys may be its values too; experts, in
/// some sizes, beside the MLP; each layer's stream times a learned number. Checked against the class
/// `Gemma4ForCausalLM`. Layers that share keys and values and embeddings for each layer (E2B, E4B) are not built.
public final class Gemma4 implements Family {
    public Gemma4() { }

    @Override
    public List<String> modelTypes() {
        return List.of("gemma4_text");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        if (config.integer("num_kv_shared_layers", 0) != 0) {
            throw config.error("num_kv_shared_layers",
                    "layers that share keys and values are not supported, expected 0");
        }
        if (config.integer("hidden_size_per_layer_input", 256) != 0) {
            throw config.error("hidden_size_per_layer_input",
                    "embeddings for each layer are not supported, expected 0");
        }
        if (config.text("use_bidirectional_attention", "vision").equals("all")) {
            throw config.error("use_bidirectional_attention", "embedding models are not supported");
        }
        int hidden = config.positive("hidden_size");
        Norm.Rms norm = new Norm.Rms(Standard.epsilon(config, "rms_norm_eps", 1e-6), 0);
        Activation activation = Activations.read(config, "hidden_activation", "gelu_pytorch_tanh");
        Mixer mlp = new GatedMlp(config.positive("intermediate_size"), activation, Bias.NONE);
        boolean[] slides = LayerTypes.read(config, layer -> (layer + 1) % 6 != 0);
        slides[slides.length - 1] = false;
        List<Sublayer> sublayers = new ArrayList<>();
        boolean mixes = config.flag("enable_moe_block", false);
        for (int layer = 0; layer < slides.length; layer++) {
            sublayers.add(new Sublayer(layer, norm, attention(config, layer, slides[layer], norm.eps()), norm,
                    Residual.PLAIN));
            sublayers.add(mixes
                    ? new Sublayer(layer, new Norm.None(), new Parallel(List.of(
                            new Parallel.Branch(1, norm, mlp, norm, 1),
                            new Parallel.Branch(1, new Norm.None(), experts(config, activation, norm), norm, 1))),
                            norm, new Residual.Scaled())
                    : new Sublayer(layer, norm, mlp, norm, new Residual.Scaled()));
        }
        Head head = Standard.head(config, true);
        return new ModelSpec("gemma4_text", config.positive("vocab_size"), hidden,
                config.positive("max_position_embeddings", 131_072),
                Padding.read(config, Embedding.scaled(Math.sqrt(hidden)), 0), sublayers,
                norm, config.has("final_logit_softcapping") ? head.with(new Head.Logits.Capped(
                        (float) Standard.positive(config, "final_logit_softcapping", 0))) : head);
    }

    private static Mixer attention(Config config, int layer, boolean slides, float eps) throws CheckpointException {
        Config own = config.has("per_layer_config") && config.child("per_layer_config").has("" + layer)
                ? config.child("per_layer_config").child("" + layer) : Config.of(config.origin(), Map.of());
        boolean keysAreValues = !slides && config.flag("attention_k_eq_v", false);
        int headSize = slides || config.mentions("global_head_dim") && !config.has("global_head_dim")
                ? config.positive("head_dim", 256) : config.positive("global_head_dim", 512);
        int kvHeads = config.positive("num_key_value_heads", 4);
        if (keysAreValues && config.has("num_global_key_value_heads")) {
            kvHeads = config.positive("num_global_key_value_heads");
        }
        headSize = own.positive("head_dim", headSize);
        Span span = slides ? new Span.Sliding(config.positive("sliding_window", 512)) : new Span.Causal();
        return new NormedAttention(config.positive("num_attention_heads"), own.positive("num_key_value_heads", kvHeads),
                headSize, rope(config, headSize, slides), span, eps,
                Standard.bias(config, "attention_bias", false),
                keysAreValues ? Values.KEYS : Values.PROJECTION);
    }

    private static Rope rope(Config config, int headSize, boolean slides) throws CheckpointException {
        Map<String, ?> otherwise = slides ? Map.of()
                : Map.of("rope_type", "proportional", "partial_rotary_factor", 0.25);
        String key = slides ? "sliding_attention" : "full_attention";
        Config all = config.has("rope_parameters") ? config.child("rope_parameters")
                : Config.of(config.origin(), Map.of());
        Config parameters = all.has(key) ? all.child(key) : Config.of(config.origin(), otherwise);
        return RopeConfig.read(config, parameters, headSize, slides ? 10_000 : 1_000_000);
    }

    private static Mixer experts(Config config, Activation activation, Norm.Rms norm) throws CheckpointException {
        Router router = Router.plain(config.positive("top_k_experts"), Router.Score.SOFTMAX, Router.Share.NORMALISED);
        return new NormedExperts(new Experts(config.positive("num_experts"), config.positive("moe_intermediate_size"),
                new MlpForm.Gated(activation), Bias.NONE, router, Weighting.OUTPUT, new Experts.Shared.None()), norm);
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        if (p.sublayer() < 0) {
            return Standard.source(spec, p);
        }
        String layer = "model.layers." + spec.sublayer(p).layer() + ".";
        Mixer mixer = spec.mixer(p.place());
        boolean attention = mixer instanceof NormedAttention;
        String branch = p.place().branch() == 0 ? "" : "_" + p.place().branch();
        return switch (p.role()) {
            case BEFORE_WEIGHT -> new Source.Stored(layer + (attention ? "input_layernorm.weight"
                    : "pre_feedforward_layernorm.weight"));
            case AFTER_WEIGHT -> new Source.Stored(layer + (attention ? "post_attention_layernorm"
                    : "post_feedforward_layernorm" + branch) + ".weight");
            case EXPERT_NORM -> new Source.Stored(layer + "pre_feedforward_layernorm_2.weight");
            case ROUTER_NORM -> new Source.Stored(layer + "router.scale");
            case ROUTER -> new Source.Stored(layer + "router.proj.weight");
            case EXPERT_SCALE -> new Source.Stored(layer + "router.per_expert_scale");
            case LAYER_SCALE -> new Source.Stored(layer + "layer_scalar");
            case GATE, UP, DOWN -> mixer instanceof NormedExperts e
                    ? ExpertNames.MLP.stacked(e.experts(), p, layer + "experts.") : Standard.source(spec, p);
            default -> Standard.source(spec, p);
        };
    }

    @Override
    public Optional<GgufForm> gguf() {
        return Optional.of(new Gemma4Gguf());
    }
}
