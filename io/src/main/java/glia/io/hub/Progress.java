package glia.io.hub;

import glia.io.DisplayText;

/// Receives the progress of a long operation. This package prints nothing: a command line draws a progress bar from
/// these calls, a server logs them, a library user passes [#NONE]. Calls come from the thread that does the work.
public interface Progress {
    /// Ignores all calls.
    Progress NONE = new Progress() {
        @Override
        public void step(String oneLine) { }

        @Override
        public void advance(String what, long doneBytes, long totalBytes) { }
    };

    /// A new step begins.
    ///
    /// @param oneLine a description without line breaks or control characters
    void step(String oneLine);

    /// Reports the bytes done of the current operation: at most about ten times a second, and once more at the end,
    /// when `doneBytes` equals `totalBytes`.
    ///
    /// @param what the object of the operation, such as a file name
    /// @param totalBytes the total, or -1 if unknown
    void advance(String what, long doneBytes, long totalBytes);

    /// Passes progress on with control characters escaped: file names in it come from servers and archives.
    record PrintableProgress(Progress target) implements Progress {
        @Override
        public void step(String oneLine) {
            target.step(DisplayText.escape(oneLine));
        }

        @Override
        public void advance(String what, long doneBytes, long totalBytes) {
            target.advance(DisplayText.escape(what), doneBytes, totalBytes);
        }
    }
}
