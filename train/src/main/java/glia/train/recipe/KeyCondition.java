package glia.train.recipe;

import glia.io.CheckpointException;
import java.util.ArrayList;
import java.util.List;

/// What keys of a recipe need to have an effect, besides their task. A key that has none is named in a note when the
/// run begins.
///
/// @param keys that need it
/// @param switches the keys that decide: if the command line sets one of them, keys of the file get no note
/// @param needs what is needed, such as `adapter.kind: lora`
/// @param test whether a recipe has it
public record KeyCondition(List<RecipeKey<?>> keys, List<RecipeKey<?>> switches, String needs, Test test) {
    /// Decides by the values of a recipe.
    @FunctionalInterface
    public interface Test {
        boolean holds(Recipe recipe) throws CheckpointException;
    }

    public KeyCondition {
        keys = List.copyOf(keys);
        switches = List.copyOf(switches);
    }

    /// Keys that need one of some values of another key.
    @SafeVarargs
    public static <T> KeyCondition of(List<RecipeKey<?>> keys, RecipeKey<T> decides, T... values) {
        List<T> known = new ArrayList<>();
        for (T value : values) {
            known.add(value);
        }
        List<String> words = known.stream().map(v -> v instanceof Enum<?> e ? RecipeKey.word(e) : v.toString())
                .toList();
        return new KeyCondition(keys, List.of(decides), decides.name() + ": " + RecipeKey.listed(words),
                recipe -> known.contains(recipe.get(decides)));
    }

    /// Keys that need another key to be set.
    public static KeyCondition isSet(List<RecipeKey<?>> keys, RecipeKey<?> other) {
        return new KeyCondition(keys, List.of(other), other.name(), recipe -> recipe.has(other));
    }

    /// Keys that need a number above 0.
    public static KeyCondition above0(List<RecipeKey<?>> keys, RecipeKey<? extends Number> number) {
        return new KeyCondition(keys, List.of(number), number.name() + " above 0",
                recipe -> recipe.get(number).doubleValue() > 0);
    }
}
