package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.ExpertConfig;
import glia.model.family.config.GptSizes;
import glia.model.family.config.Numbers;
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
import glia.model.spec.Experts;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.NumberRange;
import glia.model.spec.Parameter;
import glia.model.spec.QkNorm;
import glia.model.spec.Residual;
import glia.model.spec.Role;
import glia.tensor.ops.expert.Router;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// DBRX (Databricks, 2024): layer norms without biases, queries, keys and values fused and clipped, experts stacked in
/// three matrices. Checked against `DbrxForCausalLM`; `attn_config.rope_theta` is used without `rope_parameters`.
final class Dbrx implements Family {
    @Override
    public List<String> modelTypes() {
        return List.of("dbrx");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        GptSizes sizes = GptSizes.readEither(config, "d_model", "n_heads", "n_layers");
        Config attending = config.child("attn_config", Map.of());
        Config mixing = config.child("ffn_config", Map.of());
        int size = sizes.hidden() / sizes.numHeads();
        Attention plain = Attention.causal(sizes.numHeads(), attending.positive("kv_n_heads", 1), size,
                RopeConfig.read(config.has("rope_parameters") ? config : attending, size, 10_000), Bias.NONE);
        Attention attention = attending.has("clip_qkv")
                ? plain.with(new QkNorm.Clipped((float) Numbers.real(attending, "clip_qkv", NumberRange.CAP))) : plain;
        String sum = "moe_normalize_expert_weights";
        if (mixing.has(sum) && mixing.real(sum) != 1) {
            throw mixing.error(sum, "only the sum of weights (1) is supported");
        }
        Router router = Router.plain(mixing.positive("moe_top_k", 1), Router.Score.SOFTMAX,
                mixing.has(sum) || !mixing.mentions(sum) ? Router.Share.NORMALIZED : Router.Share.AS_IS);
        Experts experts = ExpertConfig.gated(config.with("hidden_act", mixing.child("ffn_act_fn", Map.of())
                .text("name", "silu")), mixing.positive("moe_num_experts", 4), mixing.positive("ffn_hidden_size", 3584),
                router, new Experts.Shared.None());
        Norm norm = new Norm.UnbiasedLayer(1e-5f);
        return new ModelSpec("dbrx", config.positive("vocab_size"), sizes.hidden(),
                config.positive("max_seq_len", 2048), Padding.read(config, Embedding.PLAIN),
                Standard.layers(sizes.numLayers(), norm, Residual.PLAIN, layer -> attention, layer -> experts), norm,
                Standard.head(config, false));
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        if (p.sublayer() >= 0 && spec.mixer(p.place()) instanceof Experts experts && p.expert() >= 0) {
            String name = "transformer.blocks." + spec.sublayer(p).layer() + ".ffn.experts.mlp."
                    + (p.role() == Role.GATE ? "w1" : p.role() == Role.UP ? "v1" : "w2");
            int rows = experts.intermediateSize();
            Source expert = new Source.Rows(new Source.Stored(name), p.expert() * rows, rows,
                    experts.numExperts() * rows);
            return p.role() == Role.DOWN ? new Source.Transposed(expert) : expert;
        }
        Source source = StandardNames.source(spec, p, "model.layers.", "transformer.blocks.", "model.embed_tokens",
                "transformer.wte", "model.norm", "transformer.norm_f", "self_attn.o_proj",
                "norm_attn_norm.attn.out_proj", "input_layernorm", "norm_attn_norm.norm_1",
                "post_attention_layernorm", "norm_attn_norm.norm_2", "mlp.gate.weight", "ffn.router.layer.weight");
        return Fused.queriesKeysValues(spec, p, source.renamed(name -> List.of(name.replaceFirst(
                "self_attn\\.([qkv])_proj", "norm_attn_norm.attn.$1_proj")))).renamed(
                        name -> List.of(name.replace("qkv_proj", "Wqkv")));
    }

    @Override
    public Optional<GgufForm> gguf() {
        return Optional.of(new JoinedGguf(new ExpertGguf(new StandardGguf("dbrx", "dbrx",
                StandardGguf.Rotation.HALF_SPLIT), "attn_output_norm.weight", List.of(StandardGguf.CLIP),
                (keys, checkpoint) -> keys.copy(List.of(StandardGguf.CLIP)).integer(keys.has(
                        "expert_feed_forward_length") ? "expert_feed_forward_length" : "feed_forward_length",
                        "ffn_hidden_size").rename("hidden_size", "d_model").rename("num_attention_heads", "n_heads")
                        .rename("num_hidden_layers", "n_layers").rename("max_position_embeddings", "max_seq_len")
                        .rename("num_key_value_heads", "kv_n_heads").rename("num_experts", "moe_num_experts")
                        .rename("num_experts_per_tok", "moe_top_k").move("attn_config", "kv_n_heads", "clip_qkv",
                        "rope_theta").move("ffn_config", "moe_num_experts", "moe_top_k", "ffn_hidden_size")),
                true, false));
    }
}
