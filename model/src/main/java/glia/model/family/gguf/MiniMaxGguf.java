package glia.model.family.gguf;

import glia.io.Checkpoint;
import glia.io.CheckpointException;
import glia.io.gguf.GgufMetadata;
import glia.model.family.hub.StandardNames;
import glia.model.layout.Source;
import glia.model.spec.Lightning;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameter;
import glia.model.spec.Residual;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// MiniMax-Text-01 and M1 in GGUF files: one residual factor for all sublayers.
public record MiniMaxGguf() implements WrittenGguf {
    private static final StandardGguf BODY = new StandardGguf("minimax-01", "minimax",
            StandardGguf.Rotation.HALF_SPLIT);
    private static final GgufKey RESIDUAL = GgufKey.written("residual_scale", facts ->
            facts.spec().sublayers().getFirst().residual() instanceof Residual.Normed normed
                    ? Optional.of(normed.alpha()) : Optional.empty());

    @Override
    public List<GgufKey> keys() {
        return GgufKey.join(BODY.keys(), ExpertGguf.KEYS, List.of(RESIDUAL, StateSpaceKeys.recurrent(Lightning.class)));
    }

    @Override
    public String architecture() {
        return BODY.architecture();
    }

    @Override
    public Map<String, Object> config(GgufMetadata metadata, Checkpoint checkpoint) throws CheckpointException {
        GgufKeys keys = ExpertGguf.experts(BODY.keys(metadata, checkpoint));
        for (String sum : new String[] {"full_attn", "linear_attn", "mlp"}) {
            keys.real("residual_scale", sum + "_alpha_factor");
        }
        return keys.recurrent(checkpoint, "attn_qkv.weight").config();
    }

    @Override
    public ModelSpec stored(ModelSpec spec, Checkpoint checkpoint) throws CheckpointException {
        return BODY.stored(spec, checkpoint);
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        if (p.sublayer() < 0 || !(spec.mixer(p.place()) instanceof Lightning)) {
            return BODY.source(spec, p);
        }
        return new Source.Stored("blk." + spec.sublayer(p).layer() + "." + switch (p.role()) {
            case BEFORE_WEIGHT -> "attn_norm.weight";
            case INPUT -> "attn_qkv.weight";
            case GATE -> "attn_gate.weight";
            case GATED_NORM -> "attn_norm_2.weight";
            case OUTPUT -> "attn_output.weight";
            default -> throw StandardNames.unknown(p);
        });
    }
}
