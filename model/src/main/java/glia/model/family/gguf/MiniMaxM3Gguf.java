package glia.model.family.gguf;

import glia.io.Checkpoint;
import glia.io.CheckpointException;
import glia.io.gguf.GgufMetadata;
import glia.model.family.hub.StandardNames;
import glia.model.layout.Source;
import glia.model.spec.Attention;
import glia.model.spec.BlockSparseAttention;
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.Parameter;
import java.util.List;
import java.util.Map;
import java.util.function.ToIntFunction;

/// MiniMax-M3 in GGUF files: layers with an indexer have block-sparse attention; norm weights include 1. The clamp of
/// the gates has no key.
public record MiniMaxM3Gguf() implements WrittenGguf {
    private static final StandardGguf BODY =
            new StandardGguf("minimax-m3", "minimax_m3_vl_text", StandardGguf.Rotation.HALF_SPLIT);
    private static final List<GgufKey> INDEXER = List.of(
            index("head_count", "index_n_heads", BlockSparseAttention::numIndexHeads),
            index("key_length", "index_head_dim", BlockSparseAttention::indexSize),
            index("top_k", "index_topk_blocks", BlockSparseAttention::count),
            index("block_size", "index_block_size", BlockSparseAttention::blockSize),
            index("local_blocks", "index_local_blocks", BlockSparseAttention::numLocal));

    private static GgufKey index(String key, String name, ToIntFunction<BlockSparseAttention> value) {
        return GgufKey.optional("attention.indexer." + key, name,
                facts -> facts.first(BlockSparseAttention.class).map(value::applyAsInt));
    }

    @Override
    public String architecture() {
        return BODY.architecture();
    }

    @Override
    public List<GgufKey> keys() {
        return GgufKey.join(BODY.keys(), ExpertGguf.KEYS, ExpertGguf.WEIGHTS, ExpertGguf.DENSE, ExpertGguf.SHARED,
                List.of(ExpertGguf.GATING), INDEXER);
    }

    @Override
    public Map<String, Object> config(GgufMetadata metadata, Checkpoint checkpoint) throws CheckpointException {
        GgufKeys keys = ExpertGguf.experts(BODY.keys(metadata, checkpoint)).copy(INDEXER)
                .rename("intermediate_size", "dense_intermediate_size")
                .rename("moe_intermediate_size", "intermediate_size").rename("num_experts", "num_local_experts");
        if (keys.has("expert_shared_count") && keys.has("expert_feed_forward_length")) {
            keys.put("shared_intermediate_size", Math.multiplyExact(keys.integer("expert_shared_count"),
                    keys.integer("expert_feed_forward_length")));
        }
        return keys.put("rotary_dim", keys.integer("rope.dimension_count"))
                .kinds(checkpoint, "layer_types", "indexer.q_proj.weight", "minimax_m3_sparse", "full_attention")
                .kinds(checkpoint, "mlp_layer_types", "ffn_gate_inp.weight", "sparse", "dense").config();
    }

    @Override
    public ModelSpec stored(ModelSpec spec, Checkpoint checkpoint) throws CheckpointException {
        return BODY.stored(spec, checkpoint).mapMixers(m -> m instanceof BlockSparseAttention b
                ? b.with((Attention) GemmaGguf.mixer(b.attention()), new Norm.Rms(b.norm().eps(), 0)) : m);
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        Mixer mixer = p.sublayer() < 0 ? null : spec.mixer(p.place());
        if (!(mixer instanceof BlockSparseAttention)) {
            return BODY.source(spec, p);
        }
        String layer = "blk." + spec.sublayer(p).layer() + ".";
        return switch (p.role()) {
            case BEFORE_WEIGHT -> new Source.Stored(layer + "attn_norm.weight");
            case INDEX_QUERY -> new Source.Stored(layer + "indexer.q_proj.weight");
            case INDEX_KEY -> new Source.Stored(layer + "indexer.k_proj.weight");
            case INDEX_QUERY_NORM -> new Source.Stored(layer + "indexer.q_norm.weight");
            case INDEX_KEY_NORM_WEIGHT -> new Source.Stored(layer + "indexer.k_norm.weight");
            default -> BODY.source(spec, p);
        };
    }

    @Override
    public boolean ignores(ModelSpec spec, String tensorName) {
        return StandardNames.isBeyondLayers(spec, tensorName);
    }
}
