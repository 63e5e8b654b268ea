package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.Activations;
import glia.model.family.config.AttentionConfig;
import glia.model.family.config.LayerKind;
import glia.model.family.config.Standard;
import glia.model.family.gguf.NemotronGguf;
import glia.model.family.gguf.StandardGguf;
import glia.model.family.gguf.StateSpaceGguf;
import glia.model.layout.GgufForm;
import glia.model.layout.Source;
import glia.model.spec.Attention;
import glia.model.spec.Bias;
import glia.model.spec.Head;
import glia.model.spec.Mixer.Mlp;
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameter;
import glia.model.spec.Rope;
import glia.model.spec.StateSpaceDual;
import glia.tensor.kernel.Activation;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Nemotron-H and Nemotron 3: one mixer per layer: Mamba 2, attention without RoPE, an MLP or experts without gates
/// (https://arxiv.org/abs/2504.03624). Checked against the class `NemotronHForCausalLM`, except that time steps are
/// clamped to `time_step_limit` as in NVIDIA's own code. Multi-token-prediction layers are ignored, and so is
/// `sliding_window`, as that class does.
final class NemotronH implements Family {
    private static final List<LayerKind> DEFAULT_LAYERS =
            List.of(LayerKind.STATE_SPACE, LayerKind.EXPERTS, LayerKind.ATTENTION, LayerKind.MLP);

    @Override
    public List<String> modelTypes() {
        return List.of("nemotron_h");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        StateSpaceDual mamba = NemotronMixers.mamba(config);
        Attention attention = AttentionConfig.causal(config, 8, AttentionConfig.headSize(config, 128),
                new Rope.None(), Bias.NONE);
        Bias bias = Standard.bias(config, "mlp_bias", false);
        Activation activation = Activations.read(config, "mlp_hidden_act", "relu2");
        List<Mixer> mixers = new ArrayList<>();
        for (LayerKind kind : LayerKind.read(config, DEFAULT_LAYERS)) {
            mixers.add(switch (kind) {
                case STATE_SPACE -> mamba;
                case ATTENTION -> attention;
                case MLP -> new Mlp(config.positive("intermediate_size", 21_504), activation, bias);
                case EXPERTS -> NemotronMixers.experts(config, activation, bias);
            });
        }
        return Backbone.spec(config, mixers, 4096, Head.SEPARATE);
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        return Backbone.source(spec, p);
    }

    @Override
    public boolean ignores(ModelSpec spec, String tensorName) {
        return tensorName.startsWith("mtp.");
    }

    @Override
    public Optional<GgufForm> gguf() {
        return Optional.of(StateSpaceGguf.of("nemotron_h", StandardGguf.Rotation.HALF_SPLIT, NemotronGguf.KEYS,
                NemotronGguf::more, "nemotron_h", "nemotron_h_moe"));
    }
}
