package glia.model.family.gguf;

import glia.io.CheckpointException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.ToIntFunction;

/// A key of GGUF metadata, for reading and writing: its conversion to config.json and its value for a model.
///
/// @param key without the name of the architecture
/// @param reading copies it to config.json
/// @param value its value for a model: integer, real, flag, text or list; empty if the file has no such key
public record GgufKey(String key, Reading reading, Function<GgufFacts, Optional<?>> value) {
    /// Copies a key to config.json.
    @FunctionalInterface
    interface Reading {
        void copy(GgufKeys keys) throws CheckpointException;
    }

    /// A required integer.
    public static GgufKey count(String key, String name, ToIntFunction<GgufFacts> value) {
        return new GgufKey(key, keys -> keys.integer(key, name), facts -> Optional.of(value.applyAsInt(facts)));
    }

    /// An optional integer.
    public static GgufKey optional(String key, String name, Function<GgufFacts, Optional<Integer>> value) {
        return new GgufKey(key, keys -> keys.optional(key, name), value::apply);
    }

    /// An optional real number.
    public static GgufKey real(String key, String name, Function<GgufFacts, Optional<? extends Number>> value) {
        return new GgufKey(key, keys -> keys.real(key, name), facts -> value.apply(facts).map(Number::floatValue));
    }

    /// An optional flag.
    public static GgufKey flag(String key, String name, Function<GgufFacts, Optional<Boolean>> value) {
        return new GgufKey(key, keys -> keys.flag(key, name), value::apply);
    }

    /// A key that is only written: it is read together with others, or for other readers.
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
