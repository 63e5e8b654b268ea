package glia.model.family.gguf;

import glia.io.Checkpoint;
import glia.io.CheckpointException;
import glia.tensor.kernel.Scores;
import java.util.List;
import java.util.Optional;

/// The config of MPT and GGUF metadata.
public final class MptGguf {
    public static final List<GgufKey> KEYS = GgufKey.join(FusedGguf.keys("n_layers", "max_seq_len", "d_model",
            "n_heads"),
            List.of(GgufKey.written("feed_forward_length", facts -> Optional.of(facts.width())),
                    StandardGguf.CLIP,
                    GgufKey.real("attention.max_alibi_bias", "alibi_bias_max", facts -> facts.attention()
                            .flatMap(a -> a.scores() instanceof Scores.Alibi alibi ? Optional.of(alibi.maxBias())
                                    : Optional.empty()))));

    private MptGguf() { }

    public static void more(GgufKeys keys, Checkpoint checkpoint) throws CheckpointException {
        keys.put("expansion_ratio", keys.quotient("feed_forward_length", "embedding_length"))
                .move("attn_config", "clip_qkv", "alibi_bias_max");
    }
}
