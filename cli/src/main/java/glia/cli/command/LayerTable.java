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

/// The layers of a model by kind: count, parameters, and size of the KV cache or state.
final class LayerTable {
    /// The context length at which caches are compared: 128k tokens.
    static final int LONG_CONTEXT = 128 * 1024;

    private final List<LayerKind> kinds;
    private final Cache cache;

    /// Bytes of the KV cache or state of a kind of layer.
    interface Cache {
        long perToken(LayerKind kind);

        /// @param length tokens of the sequence
        long at(LayerKind kind, int length);
    }

    LayerTable(List<LayerKind> kinds, Cache cache) {
        this.kinds = kinds;
        this.cache = cache;
    }

    /// The bytes that each further token adds, for all kinds.
    long perToken() {
        return kinds.stream().mapToLong(cache::perToken).sum();
    }

    /// The bytes at 128k tokens, for all kinds.
    long atLongContext() {
        return kinds.stream().mapToLong(this::atLongContext).sum();
    }

    /// The larger one at 128k tokens and a token before: chunked attention whose chunk length divides 128k has an empty
    /// chunk at 128k.
    private long atLongContext(LayerKind kind) {
        return Math.max(cache.at(kind, LONG_CONTEXT - 1), cache.at(kind, LONG_CONTEXT));
    }

    /// A context length. Models whose only state is recurrent have no limit.
    static String context(List<LayerKind> kinds, int length) {
        return isUnlimited(kinds) ? "any length: all states are recurrent"
                : length + " tokens";
    }

    static boolean isUnlimited(List<LayerKind> kinds) {
        List<CacheKind> all = kinds.stream().flatMap(kind -> kind.caches().stream()).toList();
        return !all.isEmpty() && all.stream().allMatch(CacheKind.Recurrence.class::isInstance);
    }

    Table table() {
        Table table = new Table("rlrrrrr").head("layers", "kind", "parameters each", "total", "active",
                "cache per token", "cache at 128k");
        for (LayerKind kind : kinds) {
            table.row(kind.count() + " ×", kind.description(), Units.count(ofOne(kind)),
                    Units.count(kind.parameters()), Units.count(kind.active()),
                    bytes(cache.perToken(kind)), bytes(atLongContext(kind)));
        }
        return table.row("", "total", "", total(LayerKind::parameters), total(LayerKind::active), bytes(perToken()),
                bytes(atLongContext()));
    }

    /// The mean: the first layer may have another norm.
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
