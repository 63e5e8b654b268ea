package glia.model.family.gguf;

import glia.io.Checkpoint;
import glia.io.CheckpointException;
import glia.io.gguf.GgufMetadata;
import glia.model.family.hub.StandardNames;
import glia.model.family.hub.StateSpaceNames;
import glia.model.layout.Source;
import glia.model.spec.Attention;
import glia.model.spec.CompressedExperts;
import glia.model.spec.Convolution;
import glia.model.spec.Mixer.ScaledGatedMlp;
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parallel;
import glia.model.spec.Parameter;
import glia.model.spec.Role;
import glia.model.spec.SelectiveStateSpace;
import glia.model.spec.StateSpaceDual;
import glia.tensor.kernel.DecayForm;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// The GGUF form of families with state-space mixers: decays are stored as rates, and the kind of a layer is determined
/// by its tensors.
///
/// @param architectures the values of `general.architecture`
/// @param body the form of the other parts
/// @param own the family's own keys
/// @param more adds config values without GGUF keys
public record StateSpaceGguf(List<String> architectures, StandardGguf body, List<GgufKey> own, ExpertGguf.More more)
        implements WrittenGguf {
    private static final List<GgufKey> SIZES =
            StandardGguf.sizes("num_hidden_layers", "max_position_embeddings", "hidden_size");

    /// A form with one architecture, or two: for models without experts and with experts.
    public static StateSpaceGguf of(String modelType, StandardGguf.Rotation rotation, List<GgufKey> own,
            ExpertGguf.More more,
            String... architectures) {
        return new StateSpaceGguf(List.of(architectures), new StandardGguf(architectures[0], modelType, rotation),
                own, more);
    }

    @Override
    public List<GgufKey> keys() {
        return GgufKey.join(SIZES, own);
    }

    @Override
    public String architecture(ModelSpec spec) {
        return new GgufFacts(spec).experts().isPresent() ? architectures.getLast() : architectures.getFirst();
    }

    @Override
    public String architecture() {
        return body.architecture();
    }

    @Override
    public Map<String, Object> config(GgufMetadata metadata, Checkpoint checkpoint) throws CheckpointException {
        GgufKeys keys = new GgufKeys(metadata, GgufKeys.architecture(metadata), body.modelType()).copy(keys())
                .vocabulary(checkpoint);
        more.to(keys, checkpoint);
        return keys.config();
    }

    /// Sets the sizes of attention from the tensors of a layer that has it.
    public static GgufKeys attention(GgufKeys keys, Checkpoint checkpoint) throws CheckpointException {
        long headSize = keys.has("attention.key_length") ? keys.integer("attention.key_length")
                : keys.quotient("embedding_length", "attention.head_count");
        long rows = rows(keys, checkpoint, "attn_k.weight");
        return keys.put("head_dim", headSize).put("num_key_value_heads",
                rows > 0 ? rows / headSize : keys.most(keys.has("attention.head_count_kv") ? "attention.head_count_kv"
                        : "attention.head_count"));
    }

    /// Sets the config values of Mamba 2 without GGUF keys.
    public static GgufKeys dual(GgufKeys keys, Checkpoint checkpoint) throws CheckpointException {
        return keys.put("mamba_d_head", keys.quotient("ssm.inner_size", "ssm.time_step_rank"))
                .put("mamba_conv_bias", rows(keys, checkpoint, "ssm_conv1d.bias") > 0);
    }

    /// The kinds of all layers, by their tensors.
    static List<String> kinds(GgufKeys keys, Checkpoint checkpoint) throws CheckpointException {
        List<String> kinds = new ArrayList<>();
        for (long layer = 0; layer < keys.integer("block_count"); layer++) {
            String at = "blk." + layer + ".";
            kinds.add(checkpoint.names().contains(at + "ssm_in.weight") ? "linear_attention"
                    : checkpoint.names().contains(at + "attn_output.weight") ? "full_attention"
                    : checkpoint.names().contains(at + "ffn_gate_inp.weight") ? "moe" : "mlp");
        }
        return kinds;
    }

    /// The rows of a tensor of the first layer that has it, or 0.
    public static long rows(GgufKeys keys, Checkpoint checkpoint, String name) throws CheckpointException {
        for (long layer = 0; layer < keys.integer("block_count"); layer++) {
            String tensor = "blk." + layer + "." + name;
            if (checkpoint.names().contains(tensor)) {
                return checkpoint.tensor(tensor).dim(0);
            }
        }
        return 0;
    }

    @Override
    public ModelSpec stored(ModelSpec spec, Checkpoint checkpoint) throws CheckpointException {
        return body.stored(spec, checkpoint).mapMixers(m -> switch (m) {
            case SelectiveStateSpace s -> s.with(DecayForm.RATE);
            case StateSpaceDual d -> d.with(DecayForm.RATE);
            default -> m;
        });
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        if (p.sublayer() < 0) {
            return body.source(spec, p);
        }
        String layer = "blk." + spec.sublayer(p).layer() + ".";
        Mixer mixer = spec.mixer(p.place());
        if (p.role() == Role.BEFORE_WEIGHT) {
            boolean first = mixer instanceof Attention || mixer instanceof SelectiveStateSpace
                    || mixer instanceof StateSpaceDual || mixer instanceof Parallel
                    || spec.sublayers().size() == spec.numLayers();
            // Falcon-H1's files leave the end of the second name away.
            return first ? new Source.Stored(layer + "attn_norm.weight")
                    : mixer instanceof ScaledGatedMlp ? new Source.Stored(layer + "ffn_norm", layer + "ffn_norm.weight")
                    : new Source.Stored(layer + "ffn_norm.weight");
        }
        return switch (mixer) {
            case SelectiveStateSpace s -> selective(s, p, layer);
            case StateSpaceDual d -> dual(d, p, layer);
            case CompressedExperts e -> switch (p.role()) {
                case EXPERT_INPUT -> new Source.Stored(layer + "ffn_latent_down.weight");
                case EXPERT_OUTPUT -> new Source.Stored(layer + "ffn_latent_up.weight");
                default -> ExpertGguf.source(e.experts(), p, layer);
            };
            default -> body.source(spec, p);
        };
    }

    private static Source selective(SelectiveStateSpace s, Parameter p, String layer) {
        return switch (p.role()) {
            case INPUT -> StateSpaceNames.rows(layer + "ssm_in.weight", 0, s.innerSize(), 2 * s.innerSize());
            case GATE -> StateSpaceNames.rows(layer + "ssm_in.weight", s.innerSize(), s.innerSize(), 2 * s.innerSize());
            case CONVOLUTION -> convolution(layer, s.innerSize(), s.convolution());
            case SELECTION -> new Source.Stored(layer + "ssm_x.weight");
            case STEPS -> new Source.Stored(layer + "ssm_dt.weight");
            case STEPS_BIAS -> new Source.Stored(layer + "ssm_dt.bias");
            case STEPS_NORM -> new Source.Stored(layer + "ssm_dt_norm.weight");
            case WRITE_NORM -> new Source.Stored(layer + "ssm_b_norm.weight");
            case READ_NORM -> new Source.Stored(layer + "ssm_c_norm.weight");
            case DECAY -> new Source.Stored(layer + "ssm_a");
            case SKIP -> new Source.Stored(layer + "ssm_d");
            default -> shared(p, layer);
        };
    }

    private static Source dual(StateSpaceDual d, Parameter p, String layer) {
        return switch (p.role()) {
            case GATE, INPUT, STEPS -> StateSpaceNames.projection(layer + "ssm_in.weight", d, p);
            case GATE_BIAS, INPUT_BIAS, STEPS_BIAS -> StateSpaceNames.projection(layer + "ssm_in.bias", d, p);
            case CONVOLUTION -> convolution(layer, d.convolvedSize(), d.convolution());
            case STEPS_OFFSET -> new Source.Stored(layer + "ssm_dt.bias");
            case DECAY -> shaped(layer + "ssm_a", List.of((long) d.numHeads()), (long) d.numHeads(), 1L);
            case SKIP -> shaped(layer + "ssm_d", List.of((long) d.numHeads()), (long) d.numHeads(), 1L);
            case GATED_NORM -> shaped(layer + "ssm_norm.weight", List.of((long) d.innerSize()),
                    (long) d.numGroups(), (long) d.innerSize() / d.numGroups());
            default -> shared(p, layer);
        };
    }

    static Source convolution(String layer, long channels, Convolution convolution) {
        return shaped(layer + "ssm_conv1d.weight", List.of(channels, 1L, (long) convolution.size()), channels,
                (long) convolution.size());
    }

    private static Source shared(Parameter p, String layer) {
        return switch (p.role()) {
            case CONVOLUTION_BIAS -> new Source.Stored(layer + "ssm_conv1d.bias");
            case OUTPUT -> new Source.Stored(layer + "ssm_out.weight");
            case OUTPUT_BIAS -> new Source.Stored(layer + "ssm_out.bias");
            default -> throw StandardNames.unknown(p);
        };
    }

    /// A tensor that is stored without some dimensions of size 1.
    static Source shaped(String name, List<Long> shape, Long... written) {
        return new Source.Shaped(new Source.Stored(name), shape, List.of(written));
    }
}
