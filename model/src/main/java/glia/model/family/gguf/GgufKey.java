package glia.model.family.gguf;

import glia.io.CheckpointException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.ToIntFunction;

/// A key of GGUF metadata, stated once for both ways: what it is in config.json, and what of a model it says.
///
/// @param key without the name of the architecture
/// @param reading how it becomes a key of config.json
/// @param value what a file of a model says: a whole number, real, flag, text or list; nothing where it has no such key
public record GgufKey(String key, Reading reading, Function<GgufFacts, Optional<?>> value) {
    /// How a key becomes one of config.json.
    @FunctionalInterface
    interface Reading {
        void copy(GgufKeys keys) throws CheckpointException;
    }

    /// A whole number that is always there.
    public static GgufKey count(String key, String name, ToIntFunction<GgufFacts> value) {
        return new GgufKey(key, keys -> keys.integer(key, name), facts -> Optional.of(value.applyAsInt(facts)));
    }

    /// A whole number that may be there.
    public static GgufKey optional(String key, String name, Function<GgufFacts, Optional<Integer>> value) {
        return new GgufKey(key, keys -> keys.optional(key, name), value::apply);
    }

    /// A real number that may be there.
    static GgufKey real(String key, String name, Function<GgufFacts, Optional<? extends Number>> value) {
        return new GgufKey(key, keys -> keys.real(key, name), facts -> value.apply(facts).map(Number::floatValue));
    }

    /// A flag that may be there.
    static GgufKey flag(String key, String name, Function<GgufFacts, Optional<Boolean>> value) {
        return new GgufKey(key, keys -> keys.flag(key, name), value::apply);
    }

    /// A key that the form reads together with others, or that only other readers ask for.
    public static GgufKey written(String key, Function<GgufFacts, Optional<?>> value) {
        return new GgufKey(key, keys -> { }, value);
    }

    /// All of several lists.
    @SafeVarargs
    public static List<GgufKey> join(List<GgufKey>... lists) {
        List<GgufKey> all = new ArrayList<>();
        for (List<GgufKey> list : lists) {
            all.addAll(list);
        }
        return List.copyOf(all);
    }

    /// A list without some of its keys.
    public static List<GgufKey> without(List<GgufKey> all, String... keys) {
        return all.stream().filter(k -> !Arrays.asList(keys).contains(k.key)).toList();
    }
}
