package glia.model.adapter;

import java.util.LinkedHashMap;
import java.util.Map;

/// The rank and the scale of each module's adapter. A pattern applies to modules whose name it matches from some dot,
/// or the start, to the end; the first that matches counts.
final class AdapterScales {
    private final AdapterConfig config;
    private final Map<NamePattern, Integer> ranks = new LinkedHashMap<>();
    private final Map<NamePattern, Double> alphas = new LinkedHashMap<>();

    /// @throws IllegalArgumentException if an expression cannot be compiled
    AdapterScales(AdapterConfig config) {
        this.config = config;
        config.ranks().forEach((key, rank) -> ranks.put(pattern(key), rank));
        config.alphas().forEach((key, alpha) -> alphas.put(pattern(key), alpha));
    }

    private static NamePattern pattern(String key) {
        return new NamePattern("(.*\\.)?(" + key + ")");
    }

    private static <T> T find(Map<NamePattern, T> patterns, String path, T otherwise) {
        return patterns.entrySet().stream().filter(e -> e.getKey().matches(path)).map(Map.Entry::getValue).findFirst()
                .orElse(otherwise);
    }

    int rank(AdapterModule m) {
        return rank(m.path());
    }

    /// The rank of the module or parameter of this name.
    int rank(String path) {
        return find(ranks, path, config.rank());
    }

    /// `α / r`, or `α / √r` for rank-stabilized adapters.
    float scale(AdapterModule m) {
        return scale(m.path());
    }

    /// The same for the module or parameter of this name.
    float scale(String path) {
        double alpha = find(alphas, path, config.alpha());
        int rank = rank(path);
        return (float) (alpha / (config.variant().rankStabilized() ? Math.sqrt(rank) : rank));
    }
}
