package glia.train.recipe;

import java.util.function.LongFunction;

/// Generates training data that recipes name as `PREFIX:…` in place of a file. An extension has it
/// ([RecipeExtension#generators]).
public interface DataGenerator {
    /// What the names of such data begin with in a recipe, before a colon.
    String prefix();

    /// How data are named, for help texts, such as `traces:TASK count=N`.
    String form();

    /// What the data are: a phrase without a full stop.
    String summary();

    /// Reads a name.
    ///
    /// @param text what follows the prefix and the colon
    /// @throws IllegalArgumentException if it is not of this form; the message says what was found and expected
    Lines parse(String text);

    /// The lines of a JSONL file.
    ///
    /// @param name of the file, without its ending
    /// @param count the most lines
    /// @param line the JSON of a line by its number, from 0, or an empty text for none: a pure function, for any thread
    record Lines(String name, long count, LongFunction<String> line) { }
}
