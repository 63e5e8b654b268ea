package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.Activations;
import glia.model.family.config.GptSizes;
import glia.model.family.config.Standard;
import glia.model.family.gguf.ExpertGguf;
import glia.model.family.gguf.JoinedGguf;
import glia.model.family.gguf.StandardGguf;
import glia.model.family.hub.Fused;
import glia.model.family.hub.StandardNames;
import glia.model.layout.GgufForm;
import glia.model.layout.Source;
import glia.model.spec.Attention;
import glia.model.spec.Bias;
import glia.model.spec.Embedding;
import glia.model.spec.Mixer;
import glia.model.spec.Mixer.Mlp;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.Parameter;
import glia.model.spec.Positions;
import glia.model.spec.Residual;
import glia.model.spec.Rope;
import java.util.List;
import java.util.Optional;

/// SantaCoder and StarCoder (https://arxiv.org/abs/2305.06161): GPT-2's structure with one key-value head. Checked
/// against the class `GPTBigCodeForCausalLM`.
final class GptBigCode implements Family {
    @Override
    public List<String> modelTypes() {
        return List.of("gpt_bigcode");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        GptSizes sizes = GptSizes.read(config, "n_embd", "n_head", "n_layer");
        int headSize = sizes.hidden() / sizes.numHeads();
        int keyValueHeads = config.flag("multi_query", true) ? 1 : sizes.numHeads();
        Attention attention = Attention.causal(sizes.numHeads(), keyValueHeads, headSize, new Rope.None(), Bias.ALL);
        double scale = config.flag("scale_attn_weights", true) ? attention.scale() : 1;
        Mixer mlp = new Mlp(config.has("n_inner") ? config.positive("n_inner") : Math.multiplyExact(4, sizes.hidden()),
                Activations.read(config, "activation_function", "gelu_pytorch_tanh"), Bias.ALL);
        int context = config.positive("n_positions", 1024);
        Norm norm = new Norm.Layer(Standard.epsilon(config, "layer_norm_epsilon", 1e-5));
        return new ModelSpec("gpt_bigcode", config.positive("vocab_size"), sizes.hidden(), context,
                new Embedding(new Positions.Learned(context), 1, 0, new Norm.None()),
                Standard.layers(sizes.numLayers(), norm, Residual.PLAIN, layer -> attention.withScale(scale),
                        layer -> mlp), norm, Standard.head(config, true));
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        return Fused.byGroup(spec, p, "attn.c_attn", StandardNames.source(spec, p, "model.layers.", "transformer.h.",
                "model.embed_tokens", "transformer.wte", "model.embed_positions", "transformer.wpe", "model.norm",
                "transformer.ln_f", "self_attn.o_proj", "attn.c_proj", "up_proj", "c_fc", "down_proj", "c_proj",
                "input_layernorm", "ln_1", "post_attention_layernorm", "ln_2"));
    }

    @Override
    public Optional<GgufForm> gguf() {
        return Optional.of(new JoinedGguf(new ExpertGguf(
                new StandardGguf("starcoder", "gpt_bigcode", StandardGguf.Rotation.HALF_SPLIT), ExpertGguf.FFN_NORM,
                List.of(), (keys, checkpoint) -> keys.rename("hidden_size", "n_embd")
                        .rename("num_attention_heads", "n_head").rename("num_hidden_layers", "n_layer")
                        .rename("max_position_embeddings", "n_positions").rename("intermediate_size", "n_inner")
                        .rename("layer_norm_eps", "layer_norm_epsilon")
                        .put("multi_query", keys.integer("attention.head_count_kv") == 1)), true, false));
    }
}
