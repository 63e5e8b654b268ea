package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.spec.Attention;
import glia.model.spec.Bias;
import glia.model.spec.Embedding;
import glia.model.spec.Experts;
import glia.model.spec.GatedMlp;
import glia.model.spec.Head;
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.Parameter;
import glia.model.spec.Residual;
import glia.model.spec.Rope;
import glia.model.spec.StateSpaceDual;
import glia.model.spec.Sublayer;
import glia.tensor.kernel.Span;
import glia.tensor.ops.Router;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/// Granite 4: Mamba 2 and a few layers of attention, mostly without rotation, each followed by experts beside an MLP
/// that all tokens share, or by that MLP alone; embeddings, scores, updates and logits have fixed factors
/// (https://www.ibm.com/granite/docs/models/granite). Checked against the class `GraniteMoeHybridForCausalLM`.
public final class GraniteMoeHybrid implements Family {
    public GraniteMoeHybrid() { }

    @Override
    public List<String> modelTypes() {
        return List.of("granitemoehybrid");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        float epsilon = Standard.epsilon(config, "rms_norm_eps", 1e-6);
        Norm norm = new Norm.Rms(epsilon, 0);
        int inner = Math.multiplyExact(config.positive("mamba_expand", 2), config.positive("hidden_size"));
        StateSpaceDual mamba = StateSpaces.dual(config, inner, new StateSpaceDual.Gating.GateThenNorm(epsilon),
                StateSpaceDual.Multipliers.NONE, Standard.bias(config, "mamba_proj_bias", false));
        Attention attention = attention(config);
        Mixer feedForward = feedForward(config);
        Residual residual = new Residual.Add((float) config.real("residual_multiplier", 1));
        List<LayerKind> kinds = kinds(config);
        List<Sublayer> sublayers = new ArrayList<>();
        for (int layer = 0; layer < kinds.size(); layer++) {
            Mixer mixer = switch (kinds.get(layer)) {
                case STATE_SPACE -> mamba;
                case ATTENTION -> attention;
                case EXPERTS, MLP -> throw config.error("layer_types", "layer " + layer
                        + " is neither linear_attention nor full_attention");
            };
            sublayers.add(new Sublayer(layer, norm, mixer, new Norm.None(), residual));
            sublayers.add(new Sublayer(layer, norm, feedForward, new Norm.None(), residual));
        }
        Head head = Standard.head(config, false);
        return new ModelSpec(config.text("model_type"), config.positive("vocab_size"), config.positive("hidden_size"),
                config.positive("max_position_embeddings", 2048),
                Padding.read(config, Embedding.scaled(config.real("embedding_multiplier", 1))), sublayers, norm,
                head.with(Standard.logits(1 / Standard.positive(config, "logits_scaling", 1))));
    }

    private static List<LayerKind> kinds(Config config) throws CheckpointException {
        int layers = Standard.numLayers(config, "num_hidden_layers");
        String key = config.has("layers_block_type") ? "layers_block_type" : "layer_types";
        if (!config.has(key)) {
            return Collections.nCopies(layers, LayerKind.STATE_SPACE);
        }
        List<LayerKind> kinds = LayerKind.read(config, key);
        if (kinds.size() != layers) {
            throw config.error(key, "names " + kinds.size() + " layers of " + layers);
        }
        return kinds;
    }

    private static Attention attention(Config config) throws CheckpointException {
        int headSize = AttentionConfig.headSize(config, 0);
        Rope rope = config.text("position_embedding_type", "nope").equals("rope")
                ? RopeConfig.read(config, headSize, 10_000) : new Rope.None();
        return new Attention(config.positive("num_attention_heads"), AttentionConfig.numKeyValueHeads(config),
                headSize,
                (float) config.real("attention_multiplier", 1), rope, new Span.Causal(), new Norm.None(),
                Standard.bias(config, "attention_bias", false));
    }

    private static Mixer feedForward(Config config) throws CheckpointException {
        int shared = config.positive("shared_intermediate_size", 1024);
        int numExperts = config.integer("num_local_experts", 8);
        return numExperts == 0
                ? new GatedMlp(shared, Activations.read(config, "hidden_act", "silu"), Bias.NONE)
                : ExpertConfig.gated(config, config.positive("num_local_experts", 8),
                        config.positive("intermediate_size", 11_008), Router.plain(
                                config.positive("num_experts_per_tok", 2), Router.Score.LOGIT, Router.Share.SOFTMAX),
                        new Experts.Shared.Plain(shared));
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        return GraniteNames.source(spec, p);
    }

    /// Bamba goes by the same name there, and is a Granite whose attention turns a part of each head.
    @Override
    public Optional<GgufForm> gguf() {
        return Optional.of(StateSpaceGguf.of("granitemoehybrid", StandardGguf.Rotation.INTERLEAVED,
                GraniteGguf.KEYS, GraniteGguf::more, "granitehybrid"));
    }
}
