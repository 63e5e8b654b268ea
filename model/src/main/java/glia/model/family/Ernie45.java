package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.AttentionConfig;
import glia.model.family.config.ExpertConfig;
import glia.model.family.config.Numbers;
import glia.model.family.config.Padding;
import glia.model.family.config.RopeConfig;
import glia.model.family.config.Standard;
import glia.model.family.gguf.ByType;
import glia.model.family.gguf.ExpertGguf;
import glia.model.family.gguf.GgufKey;
import glia.model.family.gguf.StandardGguf;
import glia.model.family.hub.StandardNames;
import glia.model.layout.GgufForm;
import glia.model.layout.Source;
import glia.model.spec.Attention;
import glia.model.spec.Bias;
import glia.model.spec.Embedding;
import glia.model.spec.Experts;
import glia.model.spec.Head;
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.Parameter;
import glia.model.spec.Role;
import glia.tensor.kernel.RopeTable.Layout;
import glia.tensor.ops.expert.Router;
import java.util.List;
import java.util.Optional;

/// ERNIE 4.5 (Baidu, 2025): Llama's structure with RoPE of neighboring pairs; `ernie4_5_moe` has experts with softmax
/// scores and a learned correction of the choice. Checked against `Ernie4_5ForCausalLM` and `Ernie4_5_MoeForCausalLM`.
final class Ernie45 implements Family {
    @Override
    public List<String> modelTypes() {
        return List.of("ernie4_5", "ernie4_5_moe");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        int headSize = AttentionConfig.headSize(config, 0);
        Bias bias = Standard.bias(config, "use_bias", false);
        Attention attention = AttentionConfig.causal(config, headSize,
                RopeConfig.read(config, headSize, 500_000).with(Layout.INTERLEAVED), bias);
        float epsilon = Standard.epsilon(config, "rms_norm_eps", 1e-5);
        Mixer mlp = Standard.mlp(config, "intermediate_size", bias);
        if (config.text("model_type").equals("ernie4_5")) {
            return Standard.spec(config, 131_072, true, epsilon, layer -> attention, layer -> mlp);
        }
        int width = config.positive("moe_intermediate_size", 1536);
        Router router = new Router(config.positive("moe_k", 6), Router.Score.SOFTMAX, Router.Correction.LEARNED,
                new Router.Groups.All(), Router.Share.NORMALIZED, 1);
        Experts experts = ExpertConfig.gated(config, Numbers.experts(config, "moe_num_experts"), width, router,
                ExpertConfig.shared(config.orElse("n_shared_experts", "moe_num_shared_experts"), width, 2, bias));
        int first = Numbers.count(config, "moe_layer_start_index", 1);
        int last = config.integer("moe_layer_end_index", -1);
        int interval = config.positive("moe_layer_interval", 1);
        Head head = new Head(Standard.head(config, true).matrix(), new Head.Transform.None(), bias,
                new Head.Logits.Plain());
        return Standard.spec(config, 131_072, Padding.read(config, Embedding.PLAIN), new Norm.Rms(epsilon, 0),
                layer -> attention, layer -> layer >= first && (last < 0 || layer <= last)
                        && (layer + 1) % interval == 0 ? experts : mlp, head);
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        if (p.role() == Role.ROUTER_CORRECTION) {
            Experts experts = (Experts) spec.mixer(p.place());
            Source correction = new Source.Stored("model.layers." + spec.sublayer(p).layer()
                    + ".mlp.moe_statics.e_score_correction_bias");
            return new Source.Shaped(correction, List.of((long) experts.numExperts()),
                    List.of(1L, (long) experts.numExperts()));
        }
        return StandardNames.source(spec, p);
    }

    @Override
    public Optional<GgufForm> gguf() {
        StandardGguf dense = new StandardGguf("ernie4_5", "ernie4_5", StandardGguf.Rotation.INTERLEAVED);
        StandardGguf mixed = new StandardGguf("ernie4_5-moe", "ernie4_5_moe", StandardGguf.Rotation.INTERLEAVED);
        return Optional.of(new ByType(modelTypes(), List.of(
                new ExpertGguf(dense, ExpertGguf.FFN_NORM, List.of(), (keys, checkpoint) ->
                keys.rename("attention_bias", "use_bias")),
                new ExpertGguf(mixed, ExpertGguf.FFN_NORM, GgufKey.join(ExpertGguf.SHARED, ExpertGguf.DENSE, List.of(
                        ExpertGguf.SHARED_WIDTH,
                        GgufKey.written("interleave_moe_layer_step", facts -> Optional.of(1)))),
                        (keys, checkpoint) -> keys.rename("attention_bias", "use_bias")
                                .rename("num_experts", "moe_num_experts").rename("num_experts_per_tok", "moe_k")
                                .rename("first_k_dense_replace", "moe_layer_start_index")))));
    }
}
