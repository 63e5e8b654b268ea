package glia.io.sound;

import glia.io.DisplayText;
import java.io.IOException;

/// A sound that cannot be read or used; the message says which, what was found and what was expected.
public final class SoundException extends IOException {
    private static final long serialVersionUID = 1;

    public SoundException(String sound, String problem) {
        super(DisplayText.escape(sound) + ": " + DisplayText.escape(problem));
    }

    SoundException(String sound, String problem, Throwable cause) {
        this(sound, problem);
        initCause(cause);
    }
}
