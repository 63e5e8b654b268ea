package glia.model.family.gguf;

import glia.io.Checkpoint;
import glia.io.CheckpointException;
import java.util.List;

/// The config of Falcon-H1 and GGUF metadata. The multipliers are folded into the weights, and gates come before norms.
public final class FalconH1Gguf {
    public static final List<GgufKey> KEYS =
            GgufKey.join(StateSpaceKeys.DUAL, StateSpaceKeys.ATTENTION, List.of(StateSpaceKeys.WIDTH));

    private FalconH1Gguf() { }

    public static void more(GgufKeys keys, Checkpoint checkpoint) throws CheckpointException {
        StateSpaceGguf.dual(StateSpaceGguf.attention(keys, checkpoint), checkpoint)
                .ropeScaling().integer("ssm.inner_size", "mamba_d_ssm")
                .put("mamba_rms_norm", StateSpaceGguf.rows(keys, checkpoint, "ssm_norm.weight") > 0)
                .put("mamba_norm_before_gate", false);
    }
}
