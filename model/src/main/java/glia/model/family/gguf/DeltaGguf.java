package glia.model.family.gguf;

import glia.io.Checkpoint;
import glia.io.CheckpointException;
import glia.io.gguf.GgufMetadata;
import glia.model.family.hub.StandardNames;
import glia.model.layout.Source;
import glia.model.spec.Attention;
import glia.model.spec.GatedDeltaNet.Inputs;
import glia.model.spec.GatedDeltaNet;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameter;
import glia.model.spec.Role;
import glia.tensor.kernel.DecayForm;
import glia.tensor.ops.scan.GatedDelta.HeadSharing;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/// Qwen3-Next and Qwen3.5 in GGUF files: norm weights include 1 and decays are rates. The projections of Qwen3-Next's
/// recurrence are split, except β with the steps, and except in the first files; Qwen3.5's value heads are interleaved
/// over key heads.
///
/// @param modelTypes the values of `general.architecture` and the `model_type` of each
/// @param rotatesImages whether files have the RoPE sections of time, height and width (M-RoPE)
public record DeltaGguf(Map<String, String> modelTypes, boolean rotatesImages) implements WrittenGguf {
    private static final List<GgufKey> KEYS = GgufKey.join(body("", "").keys(), ExpertGguf.KEYS, List.of(
            GgufKey.written("expert_shared_feed_forward_length", GgufFacts::sharedWidth),
            size("ssm.conv_kernel", "linear_conv_kernel_dim", d -> d.convolution().size()),
            size("ssm.state_size", "linear_key_head_dim", GatedDeltaNet::keySize),
            size("ssm.group_count", "linear_num_key_heads", GatedDeltaNet::numKeyHeads),
            size("ssm.time_step_rank", "linear_num_value_heads", GatedDeltaNet::numValueHeads),
            GgufKey.written("ssm.inner_size", facts -> facts.first(GatedDeltaNet.class)
                    .map(GatedDeltaNet::valuesSize)),
            StateSpaceKeys.recurrent(GatedDeltaNet.class)));
    private static final List<GgufKey> KEYS_WITH_SECTIONS = GgufKey.join(KEYS, List.of(
            GgufKey.written("rope.dimension_sections", DeltaGguf::sections)));
    private static final String JOINED_INPUTS = "ssm_in.weight";

    private static StandardGguf body(String architecture, String modelType) {
        return new StandardGguf(architecture, modelType, StandardGguf.Rotation.HALF_SPLIT);
    }

    /// The number of RoPE pairs for time, height and width; in text these are the same position. Other readers of
    /// Qwen3.5 require it.
    private static Optional<int[]> sections(GgufFacts facts) {
        return facts.rotary().map(r -> {
            int pairs = r.rotatedSize() / 2;
            return new int[] {(pairs + 2) / 3, (pairs + 1) / 3, pairs / 3, 0};
        });
    }

    private static GgufKey size(String key, String name, Function<GatedDeltaNet, Integer> size) {
        return new GgufKey(key, keys -> keys.integer(key, name), facts -> facts.first(GatedDeltaNet.class).map(size));
    }

    @Override
    public List<GgufKey> keys() {
        return rotatesImages ? KEYS_WITH_SECTIONS : KEYS;
    }

    @Override
    public String architecture(ModelSpec spec) {
        return modelTypes.entrySet().stream().filter(e -> e.getValue().equals(spec.modelType())).findFirst()
                .map(Map.Entry::getKey).orElseGet(this::architecture);
    }

    private static StandardGguf body(ModelSpec spec) {
        return body("", spec.modelType());
    }

    @Override
    public String architecture() {
        return architectures().getFirst();
    }

    @Override
    public List<String> architectures() {
        return modelTypes.keySet().stream().sorted().toList();
    }

    @Override
    public Map<String, Object> config(GgufMetadata metadata, Checkpoint checkpoint) throws CheckpointException {
        String architecture = GgufKeys.architecture(metadata);
        GgufKeys keys = ExpertGguf.experts(body(architecture, modelTypes.get(architecture)).keys(metadata, checkpoint));
        long headSize = (long) keys.config().get("head_dim");
        if (keys.has("rope.dimension_count")) {
            // Set also for whole heads, since the families' default is a fraction.
            keys.rotatedPart(keys.integer("rope.dimension_count"), headSize);
        }
        if (keys.has("expert_count")) {
            keys.integer(keys.has("expert_shared_feed_forward_length") ? "expert_shared_feed_forward_length"
                    : "feed_forward_length", "shared_expert_intermediate_size").put("norm_topk_prob", true);
        }
        return keys.copy(KEYS).put("linear_value_head_dim", keys.quotient("ssm.inner_size", "ssm.time_step_rank"))
                .recurrent(checkpoint, "ssm_conv1d.weight").config();
    }

    @Override
    public ModelSpec stored(ModelSpec spec, Checkpoint checkpoint) throws CheckpointException {
        boolean joined = checkpoint.names().stream().anyMatch(name -> name.endsWith(JOINED_INPUTS));
        return GemmaGguf.whole(body(spec).stored(spec, checkpoint)).mapMixers(m -> m instanceof GatedDeltaNet d
                ? d.inputs() == Inputs.SEPARATE ? d.with(Inputs.SEPARATE, HeadSharing.INTERLEAVED, DecayForm.RATE)
                : d.with(joined ? Inputs.BY_KEY_HEAD : Inputs.GATES_BY_KEY_HEAD, HeadSharing.GROUPED, DecayForm.RATE)
                : m);
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        if (p.sublayer() < 0) {
            return body(spec).source(spec, p);
        }
        String layer = "blk." + spec.sublayer(p).layer() + ".";
        boolean attends = spec.mixer(p.place()) instanceof Attention;
        return spec.mixer(p.place()) instanceof GatedDeltaNet d ? delta(d, p, layer)
                : p.role() == Role.BEFORE_WEIGHT && !attends ? new Source.Stored(layer + ExpertGguf.POST_ATTENTION_NORM)
                : body(spec).source(spec, p);
    }

    private static Source delta(GatedDeltaNet d, Parameter p, String layer) {
        return switch (p.role()) {
            case CONVOLUTION -> StateSpaceGguf.convolution(layer, d.numChannels(), d.convolution());
            case BEFORE_WEIGHT -> new Source.Stored(layer + "attn_norm.weight");
            case INPUT -> new Source.Stored(layer + (d.inputs() == Inputs.BY_KEY_HEAD ? JOINED_INPUTS
                    : "attn_qkv.weight"));
            case GATE -> new Source.Stored(layer + "attn_gate.weight");
            case BETA -> new Source.Stored(layer + "ssm_beta.weight");
            case STEPS -> new Source.Stored(layer + "ssm_alpha.weight");
            case BETA_AND_STEPS -> new Source.Stored(layer + "ssm_ba.weight");
            case STEPS_OFFSET -> new Source.Stored(layer + "ssm_dt.bias");
            case DECAY -> new Source.Stored(layer + "ssm_a");
            case GATED_NORM -> new Source.Stored(layer + "ssm_norm.weight");
            case OUTPUT -> new Source.Stored(layer + "ssm_out.weight");
            default -> throw StandardNames.unknown(p);
        };
    }

    /// Multi-token-prediction layers.
    @Override
    public boolean ignores(ModelSpec spec, String tensorName) {
        return StandardNames.isBeyondLayers(spec, tensorName);
    }
}
