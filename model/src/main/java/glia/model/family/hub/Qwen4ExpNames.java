package glia.model.family.hub;

import glia.model.layout.Source;
import glia.model.spec.Experts;
import glia.model.spec.IndexedAttention;
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.model.spec.NgramEmbedding;
import glia.model.spec.Parameter;

/// The names of Qwen4-Exp's tensors on the hub: those of its streams, its indexer and its embeddings of n-grams; the
/// rest is Qwen3.5's.
public final class Qwen4ExpNames {
    private Qwen4ExpNames() { }

    public static Source source(ModelSpec spec, Parameter p) {
        String stream = switch (p.role()) {
            case STREAM_NORM -> "hc_norm.weight";
            case STREAM_DOWN -> "input_mix_weight_down.weight";
            case STREAM_UP -> "input_mix_weight_up.weight";
            case STREAM_WEIGHTS -> "block_inject_weight.weight";
            default -> "";
        };
        if (p.sublayer() < 0) {
            return stream.isEmpty() ? StandardNames.source(spec, p)
                    : new Source.Stored("model.hyper_connection_mixer." + stream);
        }
        String layer = "model.layers." + spec.sublayer(p).layer() + ".";
        Mixer mixer = spec.mixer(p.place());
        if (!stream.isEmpty()) {
            return new Source.Stored(layer + (mixer instanceof Experts ? "mlp" : "attn") + "_hyper_connection."
                    + stream);
        }
        return switch (mixer) {
            case NgramEmbedding _ -> new Source.Stored(layer + "ple." + ngram(p));
            case IndexedAttention a -> indexed(a, p, layer + "self_attn.indexer.", spec);
            default -> DeltaNames.source(spec, p);
        };
    }

    private static Source indexed(IndexedAttention a, Parameter p, String at, ModelSpec spec) {
        int queries = a.numIndexHeads() * a.indexSize();
        Source both = new Source.Stored(at + "index_qk_proj.weight");
        return switch (p.role()) {
            case INDEX_QUERY -> new Source.Rows(both, 0, queries, queries + a.indexSize());
            case INDEX_KEY -> new Source.Rows(both, queries, a.indexSize(), queries + a.indexSize());
            case INDEX_QUERY_NORM -> new Source.Stored(at + "q_layernorm.weight");
            case INDEX_KEY_NORM_WEIGHT -> new Source.Stored(at + "k_layernorm.weight");
            default -> DeltaNames.source(spec, p);
        };
    }

    private static String ngram(Parameter p) {
        return switch (p.role()) {
            case NGRAM_TABLE -> "ple_embedding.ngram_embedding.shard_" + p.expert() + ".weight";
            case KEY -> "key_proj.weight";
            case VALUE -> "value_proj.weight";
            case NGRAM_KEY_NORM -> "norm_key.weight";
            case NGRAM_QUERY_NORM -> "norm_query.weight";
            case NGRAM_NORM -> "norm_conv.weight";
            case CONVOLUTION -> "conv1d.weight";
            default -> throw StandardNames.unknown(p);
        };
    }
}
