package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.spec.Attention;
import glia.model.spec.Bias;
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.Parameter;
import glia.model.spec.StateSpaceDual;
import glia.tensor.kernel.Span;
import java.util.Arrays;
import java.util.List;

/// Bamba: Mamba 2, a few layers of attention that turn half of each head, and gated MLPs
/// (https://huggingface.co/blog/bamba). Checked against the class `BambaForCausalLM`.
public final class Bamba implements Family {
    public Bamba() { }

    @Override
    public List<String> modelTypes() {
        return List.of("bamba");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        float epsilon = Standard.epsilon(config, "rms_norm_eps", 1e-5);
        int headSize = Standard.headSize(config, 0);
        Attention attention = new Attention(config.positive("num_attention_heads"),
                Standard.numKeyValueHeads(config, 8), headSize, (float) (1 / Math.sqrt(headSize)),
                RopeConfig.read(config, headSize, 10_000, 0.5), new Span.Causal(), new Norm.None(),
                StateSpaces.bias(config, "attention_bias", false));
        int inner = Math.multiplyExact(config.positive("mamba_expand", 2), config.positive("hidden_size"));
        StateSpaceDual mamba = StateSpaces.dual(config, inner, new StateSpaceDual.Gating.GateThenNorm(epsilon),
                StateSpaceDual.Multipliers.NONE, StateSpaces.bias(config, "mamba_proj_bias", false));
        int[] attending = config.has("attn_layer_indices") ? config.integers("attn_layer_indices") : new int[0];
        Bias mlpBias = StateSpaces.bias(config, "mlp_bias", false);
        Mixer mlp = Standard.mlp(config, "intermediate_size", mlpBias);
        return Standard.spec(config, 262_144, false, epsilon,
                layer -> Arrays.stream(attending).anyMatch(i -> i == layer) ? attention : mamba, layer -> mlp);
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        return Hybrid.source(spec, p);
    }
}
