package glia.model.family.gguf;

import glia.io.Checkpoint;
import glia.io.CheckpointException;
import glia.io.gguf.GgufMetadata;
import glia.model.family.hub.StandardNames;
import glia.model.layout.Source;
import glia.model.spec.Attention;
import glia.model.spec.Experts;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parallel;
import glia.model.spec.Parameter;
import glia.model.spec.QkNorm;
import glia.model.spec.Role;
import glia.tensor.ops.expert.Router;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// The GGUF form of Llama's structure with experts, which are stacked in one tensor per projection.
///
/// @param body the form without experts
/// @param norm the name of the norm before the experts
/// @param own the family's own keys
/// @param more adds config values without GGUF keys
public record ExpertGguf(StandardGguf body, String norm, List<GgufKey> own, More more) implements WrittenGguf {
    /// Changes a config.
    @FunctionalInterface
    public interface More {
        void to(GgufKeys keys, Checkpoint checkpoint) throws CheckpointException;
    }

    /// The keys of all experts.
    public static final List<GgufKey> KEYS = List.of(
            GgufKey.optional("expert_count", "num_experts", facts -> facts.experts(Experts::numExperts)),
            GgufKey.optional("expert_used_count", "num_experts_per_tok",
                    facts -> facts.router().map(Router::numChosen)),
            GgufKey.optional("expert_feed_forward_length", "moe_intermediate_size",
                    facts -> facts.experts(Experts::intermediateSize)));
    /// The keys of router weights.
    public static final List<GgufKey> WEIGHTS = List.of(
            GgufKey.real("expert_weights_scale", "routed_scaling_factor", facts -> facts.router().map(Router::scale)),
            GgufKey.flag("expert_weights_norm", "norm_topk_prob",
                    facts -> facts.router().map(r -> r.share() == Router.Share.NORMALIZED)));
    /// The keys of expert groups.
    static final List<GgufKey> GROUPS = List.of(
            GgufKey.optional("expert_group_count", "n_group", facts -> Optional.of(facts.groups().count())),
            GgufKey.optional("expert_group_used_count", "topk_group", facts -> Optional.of(facts.groups().kept())));
    /// The key of the number of leading dense layers.
    public static final List<GgufKey> DENSE = List.of(GgufKey.optional("leading_dense_block_count",
            "first_k_dense_replace",
            facts -> Optional.of(facts.numDense())));
    /// The key of the number of shared experts.
    public static final List<GgufKey> SHARED = List.of(GgufKey.optional("expert_shared_count", "n_shared_experts",
            facts -> Optional.of(facts.numShared())));
    /// The key of the width of the shared expert.
    public static final GgufKey SHARED_WIDTH =
            GgufKey.written("expert_shared_feed_forward_length", GgufFacts::sharedWidth);
    /// The key of the score function, which some readers require: 1 softmax, 2 sigmoid.
    public static final GgufKey GATING = GgufKey.written("expert_gating_func", facts -> facts.router().flatMap(r ->
            switch (r.score()) {
                case SOFTMAX -> Optional.of(1);
                case SIGMOID -> Optional.of(2);
                case LOGIT, ROOT_SOFTPLUS -> Optional.empty();
            }));

    public static final String FFN_NORM = "ffn_norm.weight";
    public static final String POST_ATTENTION_NORM = "post_attention_norm.weight";

    @Override
    public String architecture() {
        return body.architecture();
    }

    @Override
    public List<GgufKey> keys() {
        return GgufKey.join(body.keys(), KEYS, own);
    }

    @Override
    public Map<String, float[]> further(ModelSpec spec) {
        return body.further(spec);
    }

    @Override
    public Map<String, Object> config(GgufMetadata metadata, Checkpoint checkpoint) throws CheckpointException {
        GgufKeys keys = body.keys(metadata, checkpoint);
        experts(keys);
        more.to(keys, checkpoint);
        return keys.config();
    }

    /// What metadata say about experts, under the names that most configs have.
    static GgufKeys experts(GgufKeys keys) throws CheckpointException {
        keys.copy(KEYS).copy(WEIGHTS).copy(GROUPS).copy(DENSE).copy(SHARED);
        if (keys.has("nextn_predict_layers")) {
            keys.put("num_hidden_layers", keys.integer("block_count") - keys.integer("nextn_predict_layers"));
        }
        return keys;
    }

    @Override
    public ModelSpec stored(ModelSpec spec, Checkpoint checkpoint) throws CheckpointException {
        return body.stored(spec, checkpoint);
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        if (p.sublayer() >= 0 && spec.mixer(p.place()) instanceof Attention a
                && a.norm() instanceof QkNorm.HeadLayers heads) {
            switch (p.role()) {
                case QUERY_NORM -> {
                    return ofHead(body.source(spec, p), p, heads, a.numHeads(), a.headSize());
                }
                case KEY_NORM -> {
                    return ofHead(body.source(spec, p), p, heads, a.numKeyValueHeads(), a.headSize());
                }
                default -> { }
            }
        }
        boolean isAttention = p.sublayer() < 0 || spec.mixer(p.place()) instanceof Attention
                || spec.mixer(p.place()) instanceof Parallel;
        return p.role() == Role.BEFORE_WEIGHT && !isAttention && !norm.equals(FFN_NORM)
                ? new Source.Stored("blk." + spec.sublayer(p).layer() + "." + norm) : body.source(spec, p);
    }

    @Override
    public boolean ignores(ModelSpec spec, String tensorName) {
        return StandardNames.isBeyondLayers(spec, tensorName);
    }

    /// The layer norms of all heads, `[heads, E]`.
    private static Source ofHead(Source all, Parameter p, QkNorm.HeadLayers norm, long heads, long size) {
        return norm.isApart() ? new Source.Slice(all, p.expert(), Math.toIntExact(heads))
                : new Source.Shaped(all, List.of(heads * size), List.of(heads, size));
    }

    /// Where a parameter of a mixture lies; the names of norms are the layer's.
    ///
    /// @param layer the name of the layer, with a dot at its end
    static Source source(Experts experts, Parameter p, String layer) {
        return switch (p.role()) {
            case ROUTER -> new Source.Stored(layer + "ffn_gate_inp.weight");
            case ROUTER_BIAS -> new Source.Stored(layer + "ffn_gate_inp.bias");
            case ROUTER_CORRECTION -> new Source.Stored(layer + "exp_probs_b.bias", layer + "exp_probs_b");
            case SHARED_GATE -> new Source.Stored(layer + "ffn_gate_shexp.weight");
            case SHARED_UP -> new Source.Stored(layer + "ffn_up_shexp.weight");
            case SHARED_DOWN -> new Source.Stored(layer + "ffn_down_shexp.weight");
            case GATE -> half(experts, p, layer, 0);
            case GATE_BIAS -> expert(experts, p, layer + "ffn_gate", ".bias");
            case UP -> half(experts, p, layer, 1);
            case UP_BIAS -> expert(experts, p, layer + "ffn_up", ".bias");
            case DOWN -> expert(experts, p, layer + "ffn_down", ".weight");
            case DOWN_BIAS -> expert(experts, p, layer + "ffn_down", ".bias");
            default -> throw StandardNames.unknown(p);
        };
    }

    /// The gate or the up of an expert, which some files have in one stack, gates above ups.
    private static Source half(Experts experts, Parameter p, String layer, int which) {
        return new Source.Either(expert(experts, p, layer + (which == 0 ? "ffn_gate" : "ffn_up"), ".weight"),
                joined(experts, p, layer));
    }

    /// The gate or the up of an expert in one stack.
    static Source joined(Experts experts, Parameter p, String layer) {
        int width = experts.intermediateSize();
        return new Source.Rows(new Source.Slice(new Source.Stored(layer + "ffn_gate_up_exps.weight"), p.expert(),
                experts.numExperts()), p.role() == Role.GATE ? 0 : width, width, 2 * width);
    }

    /// From the stack, or, as old files have it, a tensor of its own.
    private static Source expert(Experts experts, Parameter p, String name, String kind) {
        return new Source.Either(
                new Source.Slice(new Source.Stored(name + "_exps" + kind), p.expert(), experts.numExperts()),
                new Source.Stored(name + "." + p.expert() + kind));
    }
}
