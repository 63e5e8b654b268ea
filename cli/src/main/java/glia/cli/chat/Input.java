package glia.cli.chat;

/// Where the messages of a conversation come from.
interface Input extends AutoCloseable {
    /// The next message, perhaps of several lines, or null where there are no more.
    String next();

    /// Calls an action when the user wants an answer to stop, until [#endAnswer].
    void beginAnswer(Runnable onStop);

    /// Ctrl-C is the user's again.
    void endAnswer();

    @Override
    void close();
}
