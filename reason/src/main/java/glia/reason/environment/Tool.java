package glia.reason.environment;

/// A tool that a model calls by its name: `<calculator>3*7</calculator>`.
public interface Tool {
    /// Lower-case letters.
    String name();

    /// What it does, for the prompt: a sentence.
    String usage();

    /// Runs the tool. It ends in bounded time for any input.
    ///
    /// @param input what stands between the tags
    /// @return the result, or a line that begins with `error:`
    String run(String input);
}
