package glia.model.family.gguf;

import glia.io.Checkpoint;
import glia.io.CheckpointException;
import glia.io.gguf.GgufMetadata;
import glia.model.family.hub.Fused;
import glia.model.layout.Source;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameter;
import java.util.List;
import java.util.Map;

/// The GGUF form of families with fused queries, keys and values.
///
/// @param keys the keys, with the family's config keys
/// @param more adds config values without GGUF keys
public record FusedGguf(String architecture, String modelType, List<GgufKey> keys, ExpertGguf.More more)
        implements WrittenGguf {
    /// The common keys, with the family's config keys.
    public static List<GgufKey> keys(String layers, String context, String hidden, String heads) {
        return GgufKey.join(StandardGguf.sizes(layers, context, hidden), List.of(StandardGguf.heads(heads),
                GgufKey.real("attention.layer_norm_epsilon", "layer_norm_epsilon", GgufFacts::epsilon)));
    }

    private StandardGguf body() {
        return new StandardGguf(architecture, modelType, StandardGguf.Rotation.HALF_SPLIT);
    }

    @Override
    public Map<String, Object> config(GgufMetadata metadata, Checkpoint checkpoint) throws CheckpointException {
        GgufKeys copied = new GgufKeys(metadata, architecture, modelType).copy(keys)
                .vocabulary(checkpoint);
        more.to(copied, checkpoint);
        return copied.config();
    }

    @Override
    public ModelSpec stored(ModelSpec spec, Checkpoint checkpoint) {
        return spec;
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        if (p.sublayer() < 0) {
            return body().source(spec, p);
        }
        String fused = "blk." + spec.sublayer(p).layer() + ".attn_qkv";
        return switch (p.role()) {
            case QUERY, KEY, VALUE -> Fused.stacked(new Source.Stored(fused + ".weight"), p, spec.hiddenSize());
            case QUERY_BIAS, KEY_BIAS, VALUE_BIAS ->
                    Fused.stacked(new Source.Stored(fused + ".bias"), p, spec.hiddenSize());
            default -> body().source(spec, p);
        };
    }
}
