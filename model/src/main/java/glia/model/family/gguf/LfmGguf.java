package glia.model.family.gguf;

import glia.io.Checkpoint;
import glia.io.CheckpointException;
import glia.io.gguf.GgufMetadata;
import glia.model.layout.Source;
import glia.model.family.hub.StandardNames;
import glia.model.spec.GatedConvolution;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameter;
import glia.model.spec.Role;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// LFM2 in GGUF files, with MLPs or with experts. The kind of a layer is determined by its tensors, and the final norm
/// has the name of an embedding norm.
public record LfmGguf() implements WrittenGguf {
    private static final String WITH_EXPERTS = "lfm2moe";
    private static final String CONVOLUTION = "shortconv.conv.weight";
    private static final StandardGguf BODY = new StandardGguf("lfm2", "lfm2", StandardGguf.Rotation.HALF_SPLIT);
    private static final List<GgufKey> KEYS = GgufKey.join(
            StandardGguf.sizes("num_hidden_layers", "max_position_embeddings", "hidden_size"),
            StateSpaceKeys.ATTENTION, List.of(StateSpaceKeys.WIDTH,
                    GgufKey.count("shortconv.l_cache", "conv_L_cache", facts -> facts.first(GatedConvolution.class)
                            .map(GatedConvolution::size).orElse(1)),
                    GgufKey.optional("leading_dense_block_count", "num_dense_layers",
                            facts -> facts.router().map(r -> facts.numDense())),
                    ExpertGguf.GATING), ExpertGguf.KEYS, ExpertGguf.WEIGHTS);

    @Override
    public List<GgufKey> keys() {
        return KEYS;
    }

    @Override
    public String architecture() {
        return BODY.architecture();
    }

    @Override
    public List<String> architectures() {
        return List.of(BODY.architecture(), WITH_EXPERTS);
    }

    @Override
    public String architecture(ModelSpec spec) {
        return new GgufFacts(spec).experts().isPresent() ? WITH_EXPERTS : BODY.architecture();
    }

    @Override
    public Map<String, Object> config(GgufMetadata metadata, Checkpoint checkpoint) throws CheckpointException {
        String architecture = GgufKeys.architecture(metadata);
        GgufKeys keys = new GgufKeys(metadata, architecture, architecture.equals(WITH_EXPERTS) ? "lfm2_moe" : "lfm2")
                .copy(KEYS);
        List<String> kinds = new ArrayList<>();
        for (long layer = 0; layer < keys.integer("block_count"); layer++) {
            kinds.add(checkpoint.names().contains("blk." + layer + "." + CONVOLUTION) ? "conv" : "full_attention");
        }
        return StateSpaceGguf.attention(keys, checkpoint).rename("rms_norm_eps", "norm_eps")
                .put("layer_types", kinds).vocabulary(checkpoint)
                .put("block_auto_adjust_ff_dim", false)
                .put("conv_bias", StateSpaceGguf.rows(keys, checkpoint, "shortconv.conv.bias") > 0)
                .put("use_expert_bias", StateSpaceGguf.rows(keys, checkpoint, "exp_probs_b.bias") > 0).config();
    }

    @Override
    public ModelSpec stored(ModelSpec spec, Checkpoint checkpoint) throws CheckpointException {
        return BODY.stored(spec, checkpoint);
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        if (p.role() == Role.FINAL_WEIGHT) {
            return new Source.Stored("token_embd_norm.weight", "output_norm.weight");
        }
        if (p.sublayer() < 0 || !(spec.mixer(p.place()) instanceof GatedConvolution c)) {
            return BODY.source(spec, p);
        }
        String layer = "blk." + spec.sublayer(p).layer() + ".";
        return switch (p.role()) {
            case BEFORE_WEIGHT -> new Source.Stored(layer + "attn_norm.weight");
            case INPUT -> new Source.Stored(layer + "shortconv.in_proj.weight");
            case INPUT_BIAS -> new Source.Stored(layer + "shortconv.in_proj.bias");
            case CONVOLUTION -> StateSpaceGguf.shaped(layer + CONVOLUTION,
                    List.of((long) c.width(), 1L, (long) c.size()), (long) c.width(), (long) c.size());
            case CONVOLUTION_BIAS -> new Source.Stored(layer + "shortconv.conv.bias");
            case OUTPUT -> new Source.Stored(layer + "shortconv.out_proj.weight");
            case OUTPUT_BIAS -> new Source.Stored(layer + "shortconv.out_proj.bias");
            default -> throw StandardNames.unknown(p);
        };
    }
}
