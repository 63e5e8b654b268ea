package glia.io.hub;

import glia.io.DisplayText;
import java.io.IOException;

/// A model could not be found, fetched, unpacked or removed. The message is for the user: what was tried, what
/// happened, what to do next. It never contains a token; control characters are escaped ([DisplayText]).
public final class HubException extends IOException {
    private static final long serialVersionUID = 1;

    /// The kind of error, for callers that handle it.
    public enum Kind {
        /// The name of a model, file or revision is invalid.
        NAME,
        /// An environment variable or settings file is invalid.
        SETTINGS,
        /// Requests are disabled by `HF_HUB_OFFLINE` and the cache does not have the model.
        OFFLINE,
        /// No connection, or no response in time.
        UNREACHABLE,
        /// The model, file or revision does not exist.
        NOT_FOUND,
        /// The token has no access to it (401, 403), or it does not exist.
        DENIED,
        /// The server requests a longer wait than Glia's limit (429).
        RATE_LIMITED,
        /// The server failed, or its answer does not follow the hub's interface.
        SERVER,
        /// A wrong hash, size or checksum, a damaged archive, a placeholder in place of a file.
        CORRUPT,
        /// Refused for safety: a file name that leaves its folder, a zip bomb, a file that another tool owns.
        REFUSED,
        /// The local disk is full, or a file cannot be read or written.
        DISK,
        /// A program that Glia started failed.
        PROGRAM,
        /// The thread was interrupted; partial downloads are kept, other partial files removed.
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
