package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.Activations;
import glia.model.family.config.GptSizes;
import glia.model.family.config.Padding;
import glia.model.family.config.RopeConfig;
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
import glia.model.spec.Residual;
import glia.model.spec.Rope;
import glia.model.spec.Sublayer;
import glia.tensor.kernel.Scores;
import java.util.List;
import java.util.Optional;

/// Falcon 7B, 40B, 180B and 11B (https://arxiv.org/abs/2311.16867): attention and MLP in parallel, after one layer norm
/// or one each, few key-value heads, queries, keys and values fused by key-value head; and Falcon-RW, sequential and
/// with ALiBi, whose biases are divided by √E like the scores. Checked against the class `FalconForCausalLM`.
final class Falcon implements Family {
    @Override
    public List<String> modelTypes() {
        return List.of("falcon");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        GptSizes sizes = GptSizes.readEither(config, "hidden_size", "n_head", "n_layer");
        int headSize = sizes.hidden() / sizes.numHeads();
        boolean isNew = config.flag("new_decoder_architecture", false);
        int keyValueHeads = isNew ? config.positive(config.has("num_kv_heads") ? "num_kv_heads" : "n_head_kv",
                sizes.numHeads()) : config.flag("multi_query", true) ? 1 : sizes.numHeads();
        Bias bias = Standard.bias(config, "bias", false);
        boolean alibi = config.flag("alibi", false);
        Attention plain = Attention.causal(sizes.numHeads(), keyValueHeads, headSize,
                alibi ? new Rope.None() : RopeConfig.read(config, headSize, 10_000), bias);
        Attention attention = alibi ? plain.with(new Scores.Alibi(8, plain.scale())) : plain;
        Mixer mlp = new Mlp(config.positive("ffn_hidden_size", Math.multiplyExact(4, sizes.hidden())),
                Activations.read(config, "activation", "gelu"), bias);
        Norm norm = new Norm.Layer(Standard.epsilon(config, "layer_norm_epsilon", 1e-5));
        boolean isSequential = !isNew && !config.flag("parallel_attn", true);
        boolean two = isNew && (!config.has("num_ln_in_parallel_attn")
                || config.positive("num_ln_in_parallel_attn") == 2);
        List<Sublayer> sublayers = isSequential
                ? Standard.layers(sizes.numLayers(), norm, Residual.PLAIN, layer -> attention, layer -> mlp)
                : Standard.parallelLayers(sizes.numLayers(), two ? new Norm.None() : norm,
                        two ? norm : new Norm.None(), layer -> attention, layer -> mlp);
        return Standard.model(config, 2048, Padding.read(config, Embedding.PLAIN), sublayers, norm,
                Standard.head(config, true));
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        Source source = StandardNames.source(spec, p, "model.layers.", "transformer.h.", "model.embed_tokens",
                "transformer.word_embeddings", "model.norm", "transformer.ln_f", "self_attn.o_proj",
                "self_attention.dense", "up_proj", "dense_h_to_4h", "down_proj", "dense_4h_to_h");
        return Fused.byGroup(spec, p, "self_attention.query_key_value", p.place().branch() == 0 ? source
                : source.renamed(name -> List.of(name.replace("input_layernorm", "ln_attn")
                        .replace("post_attention_layernorm", "ln_mlp"))));
    }

    @Override
    public Optional<GgufForm> gguf() {
        return Optional.of(new JoinedGguf(new ExpertGguf(
                new StandardGguf("falcon", "falcon", StandardGguf.Rotation.HALF_SPLIT), ExpertGguf.FFN_NORM, List.of(),
                (keys, checkpoint) -> {
                    boolean isNew = checkpoint.names().contains("blk.0.attn_norm_2.weight");
                    keys.rename("layer_norm_eps", "layer_norm_epsilon").rename("num_key_value_heads", "num_kv_heads")
                            .rename("intermediate_size", "ffn_hidden_size").put("new_decoder_architecture", isNew)
                            .put("multi_query", keys.integer("attention.head_count_kv") == 1);
                }), true, false));
    }
}
