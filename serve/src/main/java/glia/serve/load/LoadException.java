package glia.serve.load;

import java.io.IOException;

/// A server could not be reached, or does not serve a model by OpenAI's API.
public final class LoadException extends IOException {
    private static final long serialVersionUID = 1;

    LoadException(String message, Throwable cause) {
        super(message, cause);
    }
}
