package glia.model.family.gguf;

import glia.model.spec.Head;
import glia.model.spec.Mixer;
import glia.model.spec.NormedAttention;
import glia.model.spec.PerLayerEmbedding;
import glia.model.spec.Rope;
import glia.model.spec.SharedKvAttention;
import glia.tensor.kernel.Span;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.IntStream;

/// The keys of Gemma 4 in GGUF files: most exist twice, for full layers and, with the suffix `_swa`, for sliding-window
/// layers.
final class Gemma4Keys {
    static final List<GgufKey> ALL = GgufKey.join(
            StandardGguf.sizes("num_hidden_layers", "max_position_embeddings", "hidden_size"), ExpertGguf.KEYS, List.of(
            GgufKey.optional("expert_used_count", "top_k_experts", facts -> facts.router().map(r -> r.numChosen())),
            GgufKey.written("feed_forward_length", facts -> Optional.of(StateSpaceKeys.oneOrAll(
                    StateSpaceKeys.byLayer(facts.spec(), m -> GgufFacts.width(m).orElse(0))))),
            GgufKey.count("attention.head_count", "num_attention_heads",
                    facts -> facts.first(NormedAttention.class).orElseThrow().numHeads()),
            GgufKey.written("attention.head_count_kv",
                    facts -> Optional.of(StateSpaceKeys.byLayer(facts.spec(), Gemma4Keys::numKeyValueHeads))),
            GgufKey.real("attention.layer_norm_rms_epsilon", "rms_norm_eps", GgufFacts::epsilon),
            GgufKey.count("attention.sliding_window", "sliding_window",
                    facts -> sliding(facts) instanceof Attends(int size, Rope rope, Span.Sliding window)
                            ? window.window() : facts.spec().contextLength()),
            new GgufKey("attention.sliding_window_pattern", GgufKeys::slides, facts -> Optional.of(IntStream.of(
                    StateSpaceKeys.byLayer(facts.spec(), m -> attends(m).filter(a -> a.span() instanceof Span.Sliding)
                            .isPresent() ? 1 : 0)).mapToObj(i -> i > 0).toList())),
            GgufKey.optional("attention.shared_kv_layers", "num_kv_shared_layers", facts -> Optional.of(
                    (int) facts.mixers().filter(SharedKvAttention.class::isInstance).count())),
            GgufKey.optional("embedding_length_per_layer_input", "hidden_size_per_layer_input", facts ->
                    Optional.of(facts.first(PerLayerEmbedding.class).map(PerLayerEmbedding::size).orElse(0))),
            GgufKey.count("attention.key_length", "global_head_dim", facts -> full(facts).headSize()),
            GgufKey.count("attention.key_length_swa", "head_dim", facts -> sliding(facts).headSize()),
            written("attention.value_length", facts -> full(facts).headSize()),
            written("attention.value_length_swa", facts -> sliding(facts).headSize()),
            written("rope.dimension_count", facts -> full(facts).rotary().rotatedSize()),
            written("rope.dimension_count_swa", facts -> sliding(facts).rotary().rotatedSize()),
            written("rope.freq_base", facts -> (float) full(facts).rotary().theta()),
            written("rope.freq_base_swa", facts -> (float) sliding(facts).rotary().theta()),
            GgufKey.real("final_logit_softcapping", "final_logit_softcapping", facts ->
                    facts.spec().head().logits() instanceof Head.Logits.Capped capped ? Optional.of(capped.cap())
                            : Optional.empty())));
    /// The divisor that stops a pair's rotation.
    private static final float STANDING = 1e30f;

    private Gemma4Keys() { }

    /// The common properties of both kinds of attention.
    private record Attends(int headSize, Rope rope, Span span) {
        Rope.Rotary rotary() {
            return (Rope.Rotary) rope;
        }
    }

    private static GgufKey written(String key, Function<GgufFacts, Object> value) {
        return GgufKey.written(key, facts -> Optional.of(value.apply(facts)));
    }

    private static Optional<Attends> attends(Mixer mixer) {
        return switch (mixer) {
            case NormedAttention a -> Optional.of(new Attends(a.headSize(), a.rope(), a.span()));
            case SharedKvAttention a -> Optional.of(new Attends(a.headSize(), a.rope(), a.span()));
            default -> Optional.empty();
        };
    }

    private static int numKeyValueHeads(Mixer mixer) {
        return switch (mixer) {
            case NormedAttention a -> a.numKeyValueHeads();
            case SharedKvAttention a -> a.numKeyValueHeads();
            default -> 0;
        };
    }

    /// The first full layer, else the first layer.
    private static Attends full(GgufFacts facts) {
        return first(facts, false);
    }

    private static Attends sliding(GgufFacts facts) {
        return first(facts, true);
    }

    private static Attends first(GgufFacts facts, boolean slides) {
        List<Attends> all = facts.mixers().flatMap(m -> attends(m).stream()).toList();
        return all.stream().filter(a -> a.span() instanceof Span.Sliding == slides).findFirst()
                .orElse(all.getFirst());
    }

    /// The frequency divisors of full layers: 1 for rotated pairs, 1e30 for others.
    static float[] divisors(GgufFacts facts) {
        Rope.Rotary rope = full(facts).rotary();
        double[] ones = new double[rope.rotatedSize() / 2];
        Arrays.fill(ones, 1);
        double[] scaled = rope.scaling().scale(ones, rope.theta(), 1);
        float[] divisors = new float[ones.length];
        for (int i = 0; i < ones.length; i++) {
            divisors[i] = scaled[i] == 0 ? STANDING : 1;
        }
        return divisors;
    }
}
