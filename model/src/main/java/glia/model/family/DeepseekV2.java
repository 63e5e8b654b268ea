package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.LatentExperts.Method;
import glia.model.family.config.LatentConfig;
import glia.model.family.config.Standard;
import glia.model.layout.GgufForm;
import glia.model.family.hub.LatentNames;
import glia.model.layout.Source;
import glia.model.spec.KeyChoice;
import glia.model.spec.LatentAttention;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameter;
import java.util.List;
import java.util.Optional;

/// DeepSeek V2, V2.5 and V2-Lite (https://arxiv.org/abs/2405.04434): latent attention, and experts routed by softmax
/// within groups (group-limited routing by the best expert). Checked against the class `DeepseekV2ForCausalLM`.
final class DeepseekV2 implements Family {
    private static final LatentExperts EXPERTS =
            new LatentExperts(0, 64, 2, 1407, 1, 1, Method.GREEDY, false, 1);

    @Override
    public List<String> modelTypes() {
        return List.of("deepseek_v2");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        LatentAttention attention = LatentConfig.DEEPSEEK.attention(config, new KeyChoice.All());
        return Standard.spec(config, 2048, false, Standard.epsilon(config, "rms_norm_eps", 1e-6), layer -> attention,
                EXPERTS.read(config, Standard.bias(config, "mlp_bias", false)));
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        return LatentNames.source(spec, p);
    }

    @Override
    public Optional<GgufForm> gguf() {
        return new DeepseekV3().gguf();
    }
}
