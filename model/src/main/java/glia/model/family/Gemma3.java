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
import glia.model.spec.Residual;
import glia.model.spec.Rope;
import glia.model.spec.RopeScaling;
import glia.model.spec.Sublayer;
import glia.tensor.kernel.RopeTable.Layout;
import glia.tensor.kernel.Span;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Gemma 3, text (https://arxiv.org/abs/2503.19786): norms before and after each mixer whose weights are distances
/// from 1, normed heads, five sliding layers to one full one with a slower rotation, embeddings times √D.
/// Checked against the class `Gemma3ForCausalLM`.
public final class Gemma3 implements Family {
    public Gemma3() { }

    @Override
    public List<String> modelTypes() {
        return List.of("gemma3_text");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        refuse(config);
        int hidden = config.positive("hidden_size");
        int headSize = Standard.headSize(config, 256);
        Norm norm = new Norm.Rms(Standard.epsilon(config, "rms_norm_eps", 1e-6), 1);
        int pattern = config.positive("sliding_window_pattern", config.positive("_sliding_window_pattern", 6));
        boolean[] slides = LayerTypes.read(config, layer -> (layer + 1) % pattern != 0);
        int window = config.has("sliding_window") ? config.positive("sliding_window") : 4096;
        float scale = (float) (1 / Math.sqrt(Standard.positive(config, "query_pre_attn_scalar", 256)));
        int kvHeads = config.keys().contains("num_key_value_heads") ? Standard.numKeyValueHeads(config) : 4;
        Bias bias = config.flag("attention_bias", false) ? Bias.ALL : Bias.NONE;
        Mixer mlp = new GatedMlp(config.positive("intermediate_size"),
                Activations.read(config, "hidden_activation", "gelu_pytorch_tanh"), Bias.NONE);
        List<Sublayer> sublayers = new ArrayList<>();
        for (int layer = 0; layer < slides.length; layer++) {
            Mixer attention = new Attention(config.positive("num_attention_heads"), kvHeads, headSize, scale,
                    rope(config, headSize, slides[layer]),
                    slides[layer] ? new Span.Sliding(window) : new Span.Causal(), norm, bias);
            sublayers.add(new Sublayer(layer, norm, attention, norm, Residual.PLAIN));
            sublayers.add(new Sublayer(layer, norm, mlp, norm, Residual.PLAIN));
        }
        int context = config.has("max_position_embeddings") ? config.positive("max_position_embeddings") : 131_072;
        return new ModelSpec(config.text("model_type"), config.positive("vocab_size"), hidden, context,
                Embedding.scaled(Math.sqrt(hidden)), sublayers, norm,
                config.flag("tie_word_embeddings", true) ? Head.TIED : Head.SEPARATE);
    }

    private static void refuse(Config config) throws CheckpointException {
        for (String key : List.of("attn_logit_softcapping", "final_logit_softcapping")) {
            if (config.has(key)) {
                throw config.error(key, "soft caps are not supported in this family");
            }
        }
        if (config.flag("use_bidirectional_attention", false)) {
            throw config.error("use_bidirectional_attention", "embedding models are not supported");
        }
    }

    /// Sliding layers turn with a base of 10,000 and unscaled, full ones with 1,000,000 and `rope_scaling`.
    private static Rope rope(Config config, int headSize, boolean slides) throws CheckpointException {
        if (config.has("rope_parameters")) {
            Config all = config.child("rope_parameters");
            String key = slides ? "sliding_attention" : "full_attention";
            if (all.has(key)) {
                return RopeConfig.read(config, all.child(key), headSize, slides ? 10_000 : 1_000_000);
            }
        }
        return slides
                ? new Rope.Rotary(headSize, Standard.positive(config, "rope_local_base_freq", 10_000),
                        new RopeScaling.None(), Layout.HALF_SPLIT)
                : RopeConfig.read(config, headSize, 1_000_000);
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        return Standard.source(spec, p);
    }

    @Override
    public Optional<GgufForm> gguf() {
        return Optional.of(new Gemma3Gguf());
    }
}
