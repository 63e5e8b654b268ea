package glia.model.family.gguf;

import glia.io.Checkpoint;
import glia.io.CheckpointException;
import glia.io.gguf.GgufMetadata;
import glia.model.layout.Source;
import glia.model.spec.Attention;
import glia.model.spec.Mixer.GatedMlp;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameter;
import glia.model.spec.Role;
import java.util.List;
import java.util.Map;

/// The GGUF form of families with queries, keys and values in one matrix, or gate and up in one.
///
/// @param of the form with separate matrices
/// @param queries whether queries, keys and values are one matrix, in this order
/// @param gates whether gate and up are one matrix, gates first
public record JoinedGguf(ExpertGguf of, boolean queries, boolean gates) implements WrittenGguf {
    @Override
    public String architecture() {
        return of.architecture();
    }

    @Override
    public List<GgufKey> keys() {
        return of.keys();
    }

    @Override
    public Map<String, Object> config(GgufMetadata metadata, Checkpoint checkpoint) throws CheckpointException {
        return of.config(metadata, checkpoint);
    }

    @Override
    public ModelSpec stored(ModelSpec spec, Checkpoint checkpoint) throws CheckpointException {
        return of.stored(spec, checkpoint);
    }

    @Override
    public Map<String, float[]> further(ModelSpec spec) {
        return of.further(spec);
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        if (p.sublayer() < 0) {
            return of.source(spec, p);
        }
        String layer = "blk." + spec.sublayer(p).layer() + ".";
        if (queries && spec.mixer(p.place()) instanceof Attention a) {
            int size = a.querySize();
            int all = size + 2 * a.keyValueSize();
            String end = p.role().name().endsWith("_BIAS") ? ".bias" : ".weight";
            Source fused = new Source.Stored(layer + "attn_qkv" + end);
            switch (p.role()) {
                case QUERY, QUERY_BIAS -> {
                    return new Source.Rows(fused, 0, size, all);
                }
                case KEY, KEY_BIAS -> {
                    return new Source.Rows(fused, size, a.keyValueSize(), all);
                }
                case VALUE, VALUE_BIAS -> {
                    return new Source.Rows(fused, size + a.keyValueSize(), a.keyValueSize(), all);
                }
                default -> { }
            }
        }
        if (gates && spec.mixer(p.place()) instanceof GatedMlp m && (p.role() == Role.GATE || p.role() == Role.UP)) {
            int width = m.intermediateSize();
            return new Source.Rows(new Source.Stored(layer + "ffn_up.weight"), p.role() == Role.GATE ? 0 : width, width,
                    2 * width);
        }
        return of.source(spec, p);
    }

    @Override
    public boolean ignores(ModelSpec spec, String tensorName) {
        return of.ignores(spec, tensorName);
    }
}
