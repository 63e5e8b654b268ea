package glia.model.family.gguf;

import glia.io.Checkpoint;
import glia.io.CheckpointException;
import glia.io.gguf.GgufMetadata;
import glia.model.layout.Source;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameter;
import java.util.List;
import java.util.Map;

/// Apertus in GGUF files: Llama's form; the parameters of xIELU are lists in the metadata, a number for each layer.
public record ApertusGguf() implements WrittenGguf {
    private static final StandardGguf BODY = new StandardGguf("apertus", "apertus", StandardGguf.Rotation.HALF_SPLIT);
    private static final String LISTS = "xielu.";
    private static final double DEFAULT_THETA = 12e6;

    @Override
    public String architecture() {
        return BODY.architecture();
    }

    @Override
    public List<GgufKey> keys() {
        return BODY.keys();
    }

    @Override
    public Map<String, float[]> further(ModelSpec spec) {
        return BODY.further(spec);
    }

    @Override
    public Map<String, Object> config(GgufMetadata metadata, Checkpoint checkpoint) throws CheckpointException {
        // Configs without settings have the scaling of the published model.
        GgufKeys keys = BODY.keys(metadata, checkpoint);
        return keys.put("rope_parameters", Map.of("rope_type", "default", "rope_theta", keys.real("rope.freq_base",
                DEFAULT_THETA))).config();
    }

    @Override
    public ModelSpec stored(ModelSpec spec, Checkpoint checkpoint) throws CheckpointException {
        return BODY.stored(spec, checkpoint);
    }

    @Override
    public boolean isList(String name) {
        return name.startsWith(LISTS);
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        return switch (p.role()) {
            case POSITIVE_SLOPE -> list(spec, p, "alpha_p");
            case NEGATIVE_SLOPE -> list(spec, p, "alpha_n");
            case COMMON_SLOPE -> list(spec, p, "beta");
            case SLOPE_LIMIT -> list(spec, p, "eps");
            default -> BODY.source(spec, p);
        };
    }

    private static Source list(ModelSpec spec, Parameter p, String name) {
        return new Source.Rows(new Source.Stored(LISTS + name), spec.sublayer(p).layer(), 1, spec.numLayers());
    }
}
