package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.Activations;
import glia.model.family.config.AttentionConfig;
import glia.model.family.config.LayerTypes;
import glia.model.family.config.Numbers;
import glia.model.family.config.Padding;
import glia.model.family.config.RopeConfig;
import glia.model.family.config.Standard;
import glia.model.family.hub.DeltaNames;
import glia.model.family.hub.StandardNames;
import glia.model.layout.Source;
import glia.model.spec.Attention;
import glia.model.spec.Bias;
import glia.model.spec.Convolution;
import glia.model.spec.Embedding;
import glia.model.spec.GatedDeltaNet;
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.Parameter;
import glia.model.spec.QkNorm;
import glia.model.spec.Residual;
import glia.model.spec.Role;
import glia.model.spec.Rope;
import glia.model.spec.Sublayer;
import java.util.ArrayList;
import java.util.List;

/// OLMo Hybrid: three layers of Gated DeltaNet with norms before the mixers to one of OLMo 3's attention with norms
/// after them. Checked against the class `OlmoHybridForCausalLM`.
final class OlmoHybrid implements Family {
    /// Epsilon of the heads' norm, whatever the config has.
    private static final float HEAD_EPS = 1e-5f;

    @Override
    public List<String> modelTypes() {
        return List.of("olmo_hybrid");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        Norm.Rms norm = new Norm.Rms(Standard.epsilon(config, "rms_norm_eps", 1e-6), 0);
        int headSize = AttentionConfig.headSize(config, 0);
        Attention attention = AttentionConfig.causal(config, headSize, rope(config, headSize),
                Standard.bias(config, "attention_bias", false)).with(new QkNorm.Whole(norm));
        int numLayers = Numbers.layers(config, "num_hidden_layers");
        boolean[] linear = LayerTypes.linear(config, layer -> layer % 4 != 3
                && !(numLayers < 4 && layer == numLayers - 1));
        Mixer delta = delta(config);
        Mixer mlp = Standard.mlp(config, "intermediate_size", Bias.NONE);
        List<Sublayer> sublayers = new ArrayList<>();
        for (int layer = 0; layer < numLayers; layer++) {
            Norm before = linear[layer] ? norm : new Norm.None();
            Norm after = linear[layer] ? new Norm.None() : norm;
            sublayers.add(new Sublayer(layer, before, linear[layer] ? delta : attention, after, Residual.PLAIN));
            sublayers.add(new Sublayer(layer, before, mlp, after, Residual.PLAIN));
        }
        return Standard.model(config, 65_536, Padding.read(config, Embedding.PLAIN, 100_277), sublayers, norm,
                Standard.head(config, false));
    }

    /// None where `rope_theta` is null, as in the published models.
    private static Rope rope(Config config, int headSize) throws CheckpointException {
        Config holder = config.has("rope_parameters") ? config.child("rope_parameters") : config;
        return holder.isNull("rope_theta") || !holder.has("rope_theta") && config.isNull("rope_theta")
                ? new Rope.None() : RopeConfig.read(config, headSize, 10_000);
    }

    private static GatedDeltaNet delta(Config config) throws CheckpointException {
        int heads = config.positive("num_attention_heads");
        int keyHeads = config.positive("linear_num_key_heads", heads);
        int keySize = config.positive("linear_key_head_dim",
                Math.max(1, (int) (0.75 * config.positive("hidden_size") / keyHeads)));
        return new GatedDeltaNet(keyHeads, config.positive("linear_num_value_heads", heads), keySize,
                config.positive("linear_value_head_dim", 2 * keySize),
                new Convolution(config.positive("linear_conv_kernel_dim", 4),
                        Activations.read(config, "hidden_act", "silu"), Bias.NONE),
                HEAD_EPS, GatedDeltaNet.Inputs.APART).with(config.flag("linear_allow_neg_eigval", true) ? 2f : 1f);
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        if (p.sublayer() < 0) {
            return StandardNames.source(spec, p);
        }
        String layer = "model.layers." + spec.sublayer(p).layer() + ".";
        boolean isDelta = spec.mixer(p.place()) instanceof GatedDeltaNet;
        return p.role() == Role.BEFORE_WEIGHT
                ? new Source.Stored(layer + (isDelta ? "attention_layer_norm.weight" : "feedforward_layer_norm.weight"))
                : isDelta ? DeltaNames.apart(p, layer + "linear_attn.", "a", false) : StandardNames.source(spec, p);
    }
}
