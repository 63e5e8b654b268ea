package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.AttentionConfig;
import glia.model.family.config.BlockSparseConfig;
import glia.model.family.config.ExpertConfig;
import glia.model.family.config.LayerList;
import glia.model.family.config.Numbers;
import glia.model.family.config.RopeConfig;
import glia.model.family.config.Standard;
import glia.model.family.gguf.MiniMaxM3Gguf;
import glia.model.family.hub.MiniMaxM3Names;
import glia.model.family.hub.StandardNames;
import glia.model.layout.GgufForm;
import glia.model.layout.Source;
import glia.model.spec.Attention;
import glia.model.spec.Bias;
import glia.model.spec.Experts;
import glia.model.spec.Mixer.LimitedMlp;
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.NumberRange;
import glia.model.spec.Parameter;
import glia.model.spec.QkNorm;
import glia.model.spec.Rope;
import glia.tensor.ops.expert.ExpertMlp.Weighting;
import glia.tensor.ops.expert.MlpForm;
import glia.tensor.ops.expert.Router;
import java.util.List;
import java.util.Optional;

/// MiniMax-M3, text: block-sparse attention in most layers, an RMS norm of each query and key head, experts and MLPs
/// with clamped gates, norm weights stored minus 1. Checked against the class
/// `MiniMaxM3SparseForConditionalGeneration`.
final class MiniMaxM3 implements Family {
    @Override
    public List<String> modelTypes() {
        return List.of("minimax_m3_vl_text");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        int headSize = AttentionConfig.headSize(config, 128);
        double part = config.positive("rotary_dim", 64) / (double) headSize;
        Norm.Rms norm = new Norm.Rms(Standard.epsilon(config, "rms_norm_eps", 1e-6), 1);
        Rope rope = RopeConfig.read(config, headSize, 5_000_000, part);
        Attention full = AttentionConfig.causal(config, 4, headSize, rope, Bias.NONE).with(new QkNorm.Heads(norm));
        boolean[] sparse = BlockSparseConfig.layers(config);
        Mixer blocks = BlockSparseConfig.attention(config, full, norm);
        MlpForm.Clamped form = new MlpForm.Clamped(
                (float) Numbers.real(config, "swiglu_alpha", NumberRange.FACTOR, 1.702),
                (float) Numbers.real(config, "swiglu_limit", NumberRange.CAP, 7));
        Mixer dense = new LimitedMlp(config.positive("dense_intermediate_size", 12_288), form);
        Router router = new Router(config.positive("num_experts_per_tok", 4), Router.Score.SIGMOID,
                Router.Correction.LEARNED, new Router.Groups.All(), Router.Share.NORMALIZED,
                (float) Numbers.real(config, "routed_scaling_factor", NumberRange.FACTOR, 2));
        Mixer experts = ExpertConfig.of(config, ExpertConfig.numExperts(config, 128),
                config.positive("intermediate_size", 3072), form, Bias.NONE, router, Weighting.OUTPUT,
                new Experts.Shared.Plain(config.positive("shared_intermediate_size", 3072)));
        boolean[] mixes = LayerList.read(config, "mlp_layer_types", "sparse", "dense",
                LayerList.numbers(config, "moe_layer_freq"));
        return Standard.spec(config, 524_288, false, norm, layer -> sparse[layer] ? blocks : full,
                layer -> mixes[layer] ? experts : dense);
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        return MiniMaxM3Names.source(spec, p);
    }

    @Override
    public boolean ignores(ModelSpec spec, String tensorName) {
        return StandardNames.isBeyondLayers(spec, tensorName) || tensorName.contains("mtp.");
    }

    @Override
    public Optional<GgufForm> gguf() {
        return Optional.of(new MiniMaxM3Gguf());
    }
}
