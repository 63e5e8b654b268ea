package glia.io.hub;

/// How a long piece of work tells its caller what it does. Nothing in this package prints; a command line draws a bar
/// from these calls, a server logs them, a library user passes [#NONE]. Calls come from the thread that does the work.
public interface Progress {
    /// Tells nobody.
    Progress NONE = new Progress() {
        @Override
        public void step(String oneLine) { }

        @Override
        public void advance(String what, long doneBytes, long totalBytes) { }
    };

    /// A new step begins, said in one line without a line break.
    void step(String oneLine);

    /// Bytes done of the current piece of work. Called at most about ten times a second, and once more at the end,
    /// where `doneBytes` equals `totalBytes`.
    ///
    /// @param what what is moved, for example a file's name
    /// @param totalBytes all bytes, or -1 where nobody knows
    void advance(String what, long doneBytes, long totalBytes);
}
