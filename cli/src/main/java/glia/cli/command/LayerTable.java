package glia.cli.command;

import glia.cli.terminal.Table;
import glia.cli.terminal.Units;
import glia.model.cost.LayerKind;
import glia.model.spec.CacheKind;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToLongFunction;

/// The layers of a model by kind: how many there are, their parameters, what a sequence remembers of them.
final class LayerTable {
    /// Where caches are compared: 128k tokens.
    static final int LONG_CONTEXT = 128 * 1024;

    private final List<LayerKind> kinds;
    private final Cache cache;

    /// What remembering costs.
    interface Cache {
        long perToken(LayerKind kind);

        /// @param length tokens that are remembered
        long at(LayerKind kind, int length);
    }

    LayerTable(List<LayerKind> kinds, Cache cache) {
        this.kinds = kinds;
        this.cache = cache;
    }

    /// The bytes that each further token adds, of all kinds.
    long perToken() {
        return kinds.stream().mapToLong(cache::perToken).sum();
    }

    /// The bytes at 128k tokens, of all kinds.
    long atLongContext() {
        return kinds.stream().mapToLong(this::atLongContext).sum();
    }

    /// A token before counts too: chunks whose length divides 128k have just been forgotten there.
    private long atLongContext(LayerKind kind) {
        return Math.max(cache.at(kind, LONG_CONTEXT - 1), cache.at(kind, LONG_CONTEXT));
    }

    /// A context's length in words. Where recurrences are all that a sequence remembers, no length is too long.
    static String context(List<LayerKind> kinds, int length) {
        return isUnlimited(kinds) ? "any length, for all that is remembered are states of recurrences"
                : length + " tokens";
    }

    static boolean isUnlimited(List<LayerKind> kinds) {
        List<CacheKind> all = kinds.stream().flatMap(kind -> kind.caches().stream()).toList();
        return !all.isEmpty() && all.stream().allMatch(CacheKind.Recurrence.class::isInstance);
    }

    Table table() {
        Table table = new Table("rlrrrrr").head("layers", "kind", "parameters of one", "of all", "active",
                "cache a token", "cache at 128k");
        for (LayerKind kind : kinds) {
            table.row(kind.count() + " ×", kind.description(), Units.count(ofOne(kind)),
                    Units.count(kind.parameters()), Units.count(kind.active()),
                    bytes(cache.perToken(kind)), bytes(atLongContext(kind)));
        }
        return table.row("", "all", "", total(LayerKind::parameters), total(LayerKind::active), bytes(perToken()),
                bytes(atLongContext()));
    }

    /// The mean, where the first layer has a norm more or less.
    private static long ofOne(LayerKind kind) {
        return Math.round((double) kind.parameters() / kind.count());
    }

    private String total(ToLongFunction<LayerKind> ofKind) {
        return Units.count(kinds.stream().mapToLong(ofKind).sum());
    }

    private static String bytes(long bytes) {
        return bytes == 0 ? "-" : Units.bytes(bytes);
    }

    List<Map<String, Object>> document() {
        List<Map<String, Object>> document = new ArrayList<>();
        for (LayerKind kind : kinds) {
            Map<String, Object> one = new LinkedHashMap<>();
            one.put("kind", kind.description());
            one.put("count", kind.count());
            one.put("parameters", kind.parameters());
            one.put("active_parameters", kind.active());
            one.put("cache_bytes_per_token", cache.perToken(kind));
            one.put("cache_bytes_at_128k", atLongContext(kind));
            document.add(one);
        }
        return document;
    }
}
