package glia.model.family.hub;

import glia.model.layout.Source;
import glia.model.spec.Mixer.NormedExperts;
import glia.model.spec.Mixer;
import glia.model.spec.Diffusion;
import glia.model.spec.ModelSpec;
import glia.model.spec.NormedAttention;
import glia.model.spec.Parameter;
import glia.model.spec.PerLayerEmbedding;
import glia.model.spec.SharedKvAttention;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/// The names of Gemma 4's tensors on the hub.
public final class Gemma4Names {
    private static final Pattern KEYS_AND_VALUES = Pattern.compile(
            "(?:model\\.layers|blk)\\.(\\d{1,6})\\.(?:self_attn\\.[kv]_(?:proj|norm)|attn_[kv](?:_norm)?)\\..*");

    private Gemma4Names() { }

    public static Source source(ModelSpec spec, Parameter p) {
        if (p.sublayer() < 0) {
            return global(spec, p);
        }
        String layer = "model.layers." + spec.sublayer(p).layer() + ".";
        Mixer mixer = spec.mixer(p.place());
        boolean attention = mixer instanceof NormedAttention || mixer instanceof SharedKvAttention
                || mixer instanceof Diffusion.CanvasAttention;
        if (mixer instanceof PerLayerEmbedding) {
            return new Source.Stored(layer + ofToken(p));
        }
        String branch = p.place().branch() == 0 ? "" : "_" + p.place().branch();
        return switch (p.role()) {
            case BEFORE_WEIGHT -> new Source.Stored(layer + (attention ? "input_layernorm.weight"
                    : "pre_feedforward_layernorm.weight"));
            case AFTER_WEIGHT -> new Source.Stored(layer + (attention ? "post_attention_layernorm"
                    : "post_feedforward_layernorm" + branch) + ".weight");
            case EXPERT_NORM -> new Source.Stored(layer + "pre_feedforward_layernorm_2.weight");
            case ROUTER_NORM -> new Source.Stored(layer + "router.scale");
            case ROUTER -> new Source.Stored(layer + "router.proj.weight");
            case EXPERT_SCALE -> new Source.Stored(layer + "router.per_expert_scale");
            case LAYER_SCALE -> new Source.Stored(layer + "layer_scalar");
            case GATE, UP, DOWN -> mixer instanceof NormedExperts e
                    ? ExpertNames.MLP.stacked(spec, e.experts(), p, layer + "experts.") : StandardNames.source(spec, p);
            default -> StandardNames.source(spec, p);
        };
    }

    private static Source global(ModelSpec spec, Parameter p) {
        return switch (p.role()) {
            case LAYER_EMBEDDING -> new Source.Stored("model.embed_tokens_per_layer.weight");
            case LAYER_PROJECTION -> new Source.Stored("model.per_layer_model_projection.weight");
            case LAYER_PROJECTION_NORM -> new Source.Stored("model.per_layer_projection_norm.weight");
            default -> StandardNames.source(spec, p);
        };
    }

    private static String ofToken(Parameter p) {
        return switch (p.role()) {
            case GATE -> "per_layer_input_gate.weight";
            case DOWN -> "per_layer_projection.weight";
            case AFTER_WEIGHT -> "post_per_layer_input_norm.weight";
            case LAYER_SCALE -> "layer_scalar";
            default -> throw StandardNames.unknown(p);
        };
    }

    /// Files may have unused key and value projections of layers with shared KV caches.
    public static boolean isUnused(ModelSpec spec, String tensorName) {
        Matcher m = KEYS_AND_VALUES.matcher(tensorName);
        return m.matches() && IntStream.range(0, spec.sublayers().size()).anyMatch(i ->
                spec.sublayers().get(i).layer() == Integer.parseInt(m.group(1))
                && spec.mixers(i).stream().anyMatch(SharedKvAttention.class::isInstance));
    }
}
