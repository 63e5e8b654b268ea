package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.AttentionConfig;
import glia.model.family.config.Numbers;
import glia.model.family.config.Padding;
import glia.model.family.config.RopeConfig;
import glia.model.family.config.Standard;
import glia.model.family.gguf.HrmGguf;
import glia.model.family.hub.Fused;
import glia.model.family.hub.StandardNames;
import glia.model.layout.GgufForm;
import glia.model.layout.Source;
import glia.model.spec.Attention;
import glia.model.spec.Bias;
import glia.model.spec.Embedding;
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.NumberRange;
import glia.model.spec.Parameter;
import glia.model.spec.Residual;
import glia.model.spec.Role;
import glia.model.spec.Streams;
import glia.model.spec.Sublayer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/// HRM-Text (https://arxiv.org/abs/2506.21734): two stacks of layers run in cycles, one on a fast state and one on a
/// slow state; each cycle has the weights of the first. A prompt may see itself in both directions
/// (`Input.withPrefix`). Checked against the class `HrmTextForCausalLM`.
final class HrmText implements Family {
    @Override
    public List<String> modelTypes() {
        return List.of("hrm_text");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        int headSize = AttentionConfig.headSize(config, 128);
        Bias bias = Standard.bias(config, "attention_bias", false);
        Attention attention = AttentionConfig.causal(config.without("num_key_value_heads"), headSize,
                RopeConfig.read(config, headSize, 10_000), bias)
                .with(bias == Bias.NONE ? Attention.Gating.PROJECTED : Attention.Gating.BIASED);
        Mixer mlp = Standard.mlp(config, "intermediate_size", Standard.bias(config, "mlp_bias", false));
        Norm norm = new Norm.UnitRms(Standard.epsilon(config, "rms_norm_eps", 1e-6));
        int layers = Numbers.layers(config, config.has("num_layers_per_stack") ? "num_layers_per_stack"
                : "num_hidden_layers");
        int high = config.positive("H_cycles", 2);
        int low = config.positive("L_cycles", 3);
        if ((long) layers * high * (low + 1L) > Short.MAX_VALUE) {
            throw config.error("H_cycles", high + " times " + low + " cycles of " + layers + " layers are too many");
        }
        int[] trained = config.has("L_bp_cycles") ? config.integers("L_bp_cycles") : new int[] {2};
        List<Sublayer> sublayers = new ArrayList<>();
        for (int cycle = 0; cycle < high * (low + 1); cycle++) {
            int inside = cycle % (low + 1);
            int at = cycle / (low + 1) - Math.max(0, high - trained.length);
            boolean isCut = inside < low - (at < 0 ? 1 : trained[at]);
            for (int i = 0; i < 2 * layers; i++) {
                Residual residual = new Residual.Cycled(inside < low, i == 0, i < 2 * layers - 1 ? new Norm.None()
                        : norm, i == 2 * layers - 1 && isCut);
                Sublayer s = new Sublayer(cycle * layers + i / 2, norm, i % 2 == 0 ? attention : mlp, new Norm.None(),
                        residual);
                sublayers.add(cycle == 0 || cycle == low ? s : s.sharing((inside < low ? 0 : 2 * low * layers) + i));
            }
        }
        double scale = config.has("embedding_scale")
                ? Numbers.real(config, "embedding_scale", NumberRange.FACTOR, 1)
                : 1 / Numbers.real(config, "initializer_range", NumberRange.FACTOR, 0.02);
        return Standard.model(config, 2048, Padding.read(config, Embedding.scaled(scale)), sublayers, new Norm.None(),
                Standard.head(config, false)).with(new Streams.Hierarchical());
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        if (p.sublayer() < 0) {
            return p.role() == Role.STREAM_BASE ? new Source.Stored("model.z_L_init")
                    : StandardNames.source(spec, p);
        }
        List<Integer> own = IntStream.range(0, spec.sublayers().size())
                .filter(i -> spec.sublayers().get(i).sharedWith().isEmpty()).boxed().toList();
        int layers = own.size() / 4;
        int layer = own.indexOf(p.sublayer()) / 2;
        Source separate = StandardNames.source(spec, p).renamed(name -> List.of(name.replaceFirst("layers\\.\\d+",
                (layer < layers ? "L" : "H") + "_module.layers." + layer % layers)
                .replace("self_attn.o_proj", "attn.o_proj")));
        return Fused.gateUp(spec, p, Fused.gateQueriesKeysValues(spec, p, separate));
    }

    @Override
    public Optional<GgufForm> gguf() {
        return Optional.of(new HrmGguf());
    }
}
