package glia.model.family.gguf;

import glia.io.Checkpoint;
import glia.io.CheckpointException;
import glia.io.gguf.GgufMetadata;
import glia.model.layout.Source;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.Parameter;
import glia.model.spec.Residual;
import glia.model.spec.Role;
import glia.model.spec.Sublayer;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/// HRM-Text in GGUF files: the layers of the fast stack, then those of the slow one. `block_count` counts each layer as
/// often as it runs.
public record HrmGguf() implements WrittenGguf {
    private static final StandardGguf BODY = new StandardGguf("hrm_text", "hrm_text", StandardGguf.Rotation.HALF_SPLIT);
    /// The cycles through which gradients flow; only Glia reads it.
    private static final String TRAINED = "hrm.l_bp_cycles";
    private static final List<GgufKey> KEYS = GgufKey.join(
            GgufKey.without(BODY.keys(), "attention.layer_norm_rms_epsilon"), List.of(
            GgufKey.real("attention.layer_norm_rms_epsilon", "rms_norm_eps", facts ->
                    facts.spec().sublayers().getFirst().before() instanceof Norm.UnitRms rms ? Optional.of(rms.eps())
                            : Optional.empty()),
            GgufKey.real("embedding_scale", "embedding_scale", facts -> Optional.of(facts.spec().embedding().scale())),
            GgufKey.count("hrm.layers_per_stack", "num_layers_per_stack", facts -> own(facts.spec()) / 2),
            GgufKey.count("hrm.h_cycles", "H_cycles", facts -> slow(facts.spec()).length),
            GgufKey.count("hrm.l_cycles", "L_cycles", facts -> fast(facts.spec())),
            GgufKey.written(TRAINED, facts -> Optional.of(trained(facts.spec())))));

    /// The number of layers that have their own weights.
    private static int own(ModelSpec spec) {
        return (int) spec.sublayers().stream().filter(s -> s.sharedWith().isEmpty()).count() / 2;
    }

    /// The fast runs before each slow run.
    private static int fast(ModelSpec spec) {
        return slow(spec)[0] / own(spec);
    }

    /// The first sublayer of each run of the slow stack.
    private static int[] slow(ModelSpec spec) {
        List<Sublayer> all = spec.sublayers();
        return IntStream.range(0, all.size()).filter(i -> i % own(spec) == 0
                && all.get(i).residual() instanceof Residual.Cycled c && !c.isFast()).toArray();
    }

    /// The fast runs before each slow run whose result passes gradients on.
    private static int[] trained(ModelSpec spec) {
        int run = own(spec);
        return Arrays.stream(slow(spec)).map(first -> (int) IntStream.rangeClosed(1, fast(spec)).filter(i ->
                spec.sublayers().get(first - (i - 1) * run - 1).residual() instanceof Residual.Cycled c && !c.isCut())
                .count()).toArray();
    }

    @Override
    public String architecture() {
        return BODY.architecture();
    }

    @Override
    public List<GgufKey> keys() {
        return KEYS;
    }

    @Override
    public Map<String, Object> config(GgufMetadata metadata, Checkpoint checkpoint) throws CheckpointException {
        GgufKeys keys = BODY.keys(metadata, checkpoint).copy(KEYS);
        if (keys.has(TRAINED)) {
            keys.put("L_bp_cycles", Arrays.stream(metadata.integers("hrm_text." + TRAINED)).boxed().toList());
        }
        return keys.config();
    }

    @Override
    public ModelSpec stored(ModelSpec spec, Checkpoint checkpoint) throws CheckpointException {
        return BODY.stored(spec, checkpoint);
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        if (p.role() == Role.STREAM_BASE) {
            return new Source.Stored("hrm.z_l_init");
        }
        Source source = BODY.source(spec, p);
        if (p.sublayer() < 0) {
            return source;
        }
        int stack = own(spec) / 2;
        int layer = p.sublayer() / 2;
        int block = layer < stack ? layer : stack + layer % stack;
        return source.renamed(name -> List.of(name.replaceFirst("^blk\\.\\d+", "blk." + block)));
    }
}
