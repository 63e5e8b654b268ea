package glia.model.cost;

import glia.model.spec.CacheKind;
import glia.model.spec.KeyChoice;
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameters;
import glia.model.spec.StridedAttention;
import glia.model.spec.Sublayer;
import glia.model.spec.Tower;
import glia.tensor.kernel.Span;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/// A group of equal sublayers of a model.
///
/// @param description a description of the mixer
/// @param mixing short name of the attention or recurrence; empty for MLPs
/// @param count the number of sublayers
/// @param parameters the parameters of all of them, including norms; the first layer may have one norm more or less
/// @param active the active parameters per token: of experts only the selected ones
/// @param caches the caches of one of them
public record LayerKind(String description, String mixing, int count, long parameters, long active,
        List<CacheKind> caches) {
    public LayerKind {
        caches = List.copyOf(caches);
    }

    /// The kinds in order of first appearance, then those of an encoder, then those of MTP layers, which have caches
    /// only while they draft, then those of towers, which are run for pictures and sounds only.
    public static List<LayerKind> of(ModelSpec spec) {
        List<Sublayer> sublayers = spec.allSublayers();
        long[] parameters = new long[sublayers.size()];
        long[] active = new long[sublayers.size()];
        Parameters.forEach(spec, (p, shape) -> {
            if (p.sublayer() >= 0 && spec.towerOf(p.place()) < 0) {
                parameters[p.sublayer()] += Parameters.size(shape);
                active[p.sublayer()] += TokenCost.isActive(spec, p) ? Parameters.size(shape) : 0;
            }
        });
        Map<String, LayerKind> kinds = new LinkedHashMap<>();
        for (int i = 0; i < parameters.length; i++) {
            boolean decodes = i < spec.sublayers().size();
            boolean drafts = !spec.drafts().isEmpty() && i >= spec.firstPlace(0);
            String part = decodes ? "" : drafts ? "draft: " : "encoder: ";
            LayerKind kind = new LayerKind(part + sublayers.get(i).mixer().describe(),
                    decodes ? mixing(spec, i) : "", 1, parameters[i], active[i],
                    decodes ? caches(spec, i) : List.of());
            kinds.merge(kind.description + kind.caches, kind, LayerKind::and);
        }
        for (Tower tower : spec.towers()) {
            for (LayerKind kind : of(tower.body())) {
                LayerKind own = new LayerKind("tower: " + kind.description, "", kind.count, kind.parameters, 0,
                        List.of());
                kinds.merge(own.description, own, LayerKind::and);
            }
        }
        return List.copyOf(kinds.values());
    }

    private static List<CacheKind> caches(ModelSpec spec, int sublayer) {
        List<CacheKind> all = new ArrayList<>();
        spec.mixers(sublayer).forEach(mixer -> all.addAll(mixer.caches()));
        return all;
    }

    private static String mixing(ModelSpec spec, int sublayer) {
        return spec.mixers(sublayer).stream().filter(mixer -> !mixer.caches().isEmpty())
                .map(mixer -> reach(mixer) + mixer.describe().replaceFirst(",.*", ""))
                .collect(Collectors.joining(" in parallel with "));
    }

    private static String reach(Mixer mixer) {
        boolean sparse = mixer instanceof StridedAttention
                || !(MixerCost.keys(mixer) instanceof KeyChoice.All);
        return (sparse ? "sparse " : "")
                + mixer.caches().stream().map(LayerKind::reach).distinct().collect(Collectors.joining());
    }

    private static String reach(CacheKind caches) {
        return switch (caches) {
            case CacheKind.KeyValues kv -> reach(kv.span());
            case CacheKind.Rows rows -> reach(rows.span());
            case CacheKind.Recurrence r -> "";
            case CacheKind.Source s -> "";
        };
    }

    private static String reach(Span span) {
        return switch (span) {
            case Span.Causal c -> "";
            case Span.Sliding s -> "sliding ";
            case Span.Chunked c -> "chunked ";
            case Span.Bidirectional e -> "";
            case Span.BidirectionalWindow a -> "sliding ";
        };
    }

    /// Attention and recurrences in short: `52 × sliding grouped-query attention, 10 × grouped-query attention`.
    public static String mixing(List<LayerKind> kinds) {
        Map<String, Integer> counts = new LinkedHashMap<>();
        for (LayerKind kind : kinds) {
            if (!kind.mixing.isEmpty()) {
                counts.merge(kind.mixing, kind.count, Integer::sum);
            }
        }
        return counts.entrySet().stream().map(e -> e.getValue() + " × " + e.getKey()).collect(Collectors.joining(", "));
    }

    private LayerKind and(LayerKind more) {
        return new LayerKind(description, mixing, count + more.count, parameters + more.parameters,
                active + more.active, caches);
    }

    /// The cache elements that each further token adds, for all of them.
    public long growth() {
        return count * caches.stream().mapToLong(StateSize::growth).sum();
    }

    /// The cache elements of all of them after `length` tokens.
    ///
    /// @param page positions per cache block
    public long numbers(int length, int page) {
        return count * caches.stream().mapToLong(r -> StateSize.numbers(r, length, page)).sum();
    }

    /// The cache size of a mixer per sequence, in elements. An encoder's source counts as long as the sequence.
    /// Bidirectional attention has no cache.
    public static final class StateSize {
        private StateSize() { }

        /// The elements that each further token adds, if all tokens stay visible.
        public static long growth(CacheKind cache) {
            return switch (cache) {
                case CacheKind.KeyValues kv -> grows(kv.span()) ? width(kv) : 0;
                case CacheKind.Rows rows -> grows(rows.span()) ? rows.size() : 0;
                case CacheKind.Recurrence r -> 0;
                case CacheKind.Source s -> width(s);
            };
        }

        /// All elements after `length` tokens.
        ///
        /// @param page positions per cache block
        public static long numbers(CacheKind cache, int length, int page) {
            return switch (cache) {
                case CacheKind.KeyValues kv -> positions(kv.span(), length, page) * width(kv);
                case CacheKind.Rows rows -> positions(rows.span(), length, page) * rows.size();
                case CacheKind.Recurrence r -> length == 0 ? 0 : r.size();
                case CacheKind.Source s -> pages(length, page) * width(s);
            };
        }

        private static long width(CacheKind.KeyValues kv) {
            return (long) kv.keySize() + kv.valueSize();
        }

        private static long width(CacheKind.Source s) {
            return (long) s.keySize() + s.valueSize();
        }

        private static boolean grows(Span span) {
            return switch (span) {
                case Span.Causal c -> true;
                case Span.Sliding s -> false;
                case Span.Chunked c -> false;
                case Span.Bidirectional e -> false;
                case Span.BidirectionalWindow a -> false;
            };
        }

        /// The positions that the next token can attend to, rounded to whole cache blocks.
        private static long positions(Span span, int length, int page) {
            return switch (span) {
                case Span.Causal c -> pages(length, page);
                case Span.Sliding s -> inSight(s, length, page);
                case Span.Chunked c -> inSight(c, length, page);
                case Span.Bidirectional e -> 0;
                case Span.BidirectionalWindow a -> 0;
            };
        }

        private static long inSight(Span span, int length, int page) {
            return pages(length, page) - Math.min(pages(length, page), (long) span.first(length) / page * page);
        }

        /// The positions, rounded up to whole cache blocks.
        private static long pages(int length, int page) {
            return ((long) length + page - 1) / page * page;
        }
    }
}
