package glia.io.hub;

import glia.io.DisplayText;
import java.io.IOException;

/// A model could not be found, fetched, unpacked or removed. The message is for the user: what was tried, what
/// happened, what to do next. It never contains a token; control characters are escaped ([DisplayText]).
public final class HubException extends IOException {
    private static final long serialVersionUID = 1;

    /// What kind of trouble it is, for callers that act on it.
    public enum Kind {
        /// The name of a model, file or revision is not one.
        NAME,
        /// An environment variable or file of settings is wrong.
        SETTINGS,
        /// The network is switched off by `HF_HUB_OFFLINE` and the cache does not have it.
        OFFLINE,
        /// No connection, or no answer in time.
        UNREACHABLE,
        /// The model, file or revision does not exist there.
        NOT_FOUND,
        /// It exists, perhaps, but not for this token (401, 403).
        DENIED,
        /// Asked to wait longer than Glia waits (429).
        RATE_LIMITED,
        /// The server failed, or answered something that is not the hub's interface.
        SERVER,
        /// Bytes are not what they should be: a wrong hash, size or check sum, a broken archive.
        CORRUPT,
        /// Refused for safety: a file name that leaves its folder, a zip bomb, a file that another tool owns.
        REFUSED,
        /// The local disk: full, not writable, not readable.
        DISK,
        /// A program that Glia started failed.
        PROGRAM,
        /// The thread was interrupted; what is half done is kept where it can be resumed and removed elsewhere.
        INTERRUPTED
    }

    private final Kind kind;

    public HubException(Kind kind, String message) {
        super(DisplayText.escapeKeepingLines(message));
        this.kind = kind;
    }

    public HubException(Kind kind, String message, Throwable cause) {
        super(DisplayText.escapeKeepingLines(message), cause);
        this.kind = kind;
    }

    public Kind kind() {
        return kind;
    }
}
