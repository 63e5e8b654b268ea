package glia.model.cost;

import glia.model.spec.CacheKind;
import glia.model.spec.KeyChoice;
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameters;
import glia.model.spec.StridedAttention;
import glia.model.spec.Sublayer;
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
    /// only while they draft.
    public static List<LayerKind> of(ModelSpec spec) {
        List<Sublayer> sublayers = spec.allSublayers();
        long[] parameters = new long[sublayers.size()];
        long[] active = new long[sublayers.size()];
        Parameters.of(spec).forEach((p, shape) -> {
            if (p.sublayer() >= 0) {
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
}
